// Every page of the book in a real browser, at the width of a desk and of a telephone: nothing missing, nothing too wide.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const { chromium } = createRequire(import.meta.url)(process.env.L2T_PLAYWRIGHT);
const HOME = new URL("index.html", process.env.L2T_URL).href;
const PICTURES = process.env.L2T_PICTURES;
const SIZES = { desk: { width: 1280, height: 900 }, telephone: { width: 360, height: 740 } };

async function withPage(size, use) {
  const browser = await chromium.launch({ executablePath: process.env.L2T_CHROMIUM, args: ["--no-sandbox"] });
  try {
    await use(await browser.newPage({ viewport: size }));
  } finally {
    await browser.close();
  }
}

/** Addresses of the book that a page links to, without places on them. */
const linked = (page) => page.$$eval("a[href]", (anchors) => anchors.map((anchor) => anchor.href.split("#")[0]));

for (const [name, size] of Object.entries(SIZES)) {
  test(`every page that a link leads to, on a ${name}`, { timeout: 300_000 }, async () => {
    mkdirSync(PICTURES, { recursive: true });
    await withPage(size, async (page) => {
      const faults = [];
      page.on("pageerror", (error) => faults.push(`${page.url()}: ${error}`));
      page.on("response", (response) => response.status() < 400 || faults.push(`${page.url()}: ${response.status()} ${response.url()}`));
      const [seen, next] = [new Set([HOME]), [HOME]];
      while (next.length > 0) {
        const address = next.shift();
        await page.goto(address, { waitUntil: "load" });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        // A file's lines are as long as they are.
        const isCode = await page.evaluate(() => document.body.className === "code");
        if (wide > 0 && !isCode) faults.push(`${address}: ${wide} pixels too wide`);
        const pictures = await page.$$eval("img", (images) => images.filter((image) => !image.naturalWidth).map((image) => image.src));
        faults.push(...pictures.map((picture) => `${address}: ${picture} is not shown`));
        if (!isCode) {
          const file = new URL(address).pathname.replaceAll("/", "_").replace(".html", ".png");
          await page.screenshot({ path: join(PICTURES, `${name}${file}`), fullPage: false });
        }
        for (const link of await linked(page)) {
          if (link.startsWith(process.env.L2T_URL) && !seen.has(link)) {
            seen.add(link);
            next.push(link);
          }
        }
      }
      assert.deepEqual(faults, []);
      assert.ok(seen.size > 20, `only ${seen.size} pages were reached`);
      console.log(`# ${seen.size} pages`);
    });
  });
}

test("a link to a name leads to its line", async () => {
  await withPage(SIZES.desk, async (page) => {
    await page.goto(new URL("how-it-works.html", HOME).href);
    await page.click("main a[href*='hypergradient.rs.html#']");
    const line = await page.evaluate(() => document.querySelector(":target").textContent);
    assert.match(line, /ReversePass|advance/);
  });
});
