// A canvas has no names. This lays an invisible button over every control of the window, with the name that egui gives
// it, for screen readers; pressing one presses the control below it.

const SHOWN = new Set(["Button", "CheckBox", "ComboBox", "Link", "RadioButton", "Tab"]);
const EVERY = 700;

function press(canvas, [left, top, right, bottom]) {
  const box = canvas.getBoundingClientRect();
  const clientX = box.left + (left + right) / 2;
  const clientY = box.top + (top + bottom) / 2;
  const common = { clientX, clientY, bubbles: true, pointerId: 1, pointerType: "mouse", isPrimary: true };
  canvas.dispatchEvent(new PointerEvent("pointermove", common));
  canvas.dispatchEvent(new PointerEvent("pointerdown", { ...common, button: 0, buttons: 1 }));
  canvas.dispatchEvent(new PointerEvent("pointerup", { ...common, button: 0 }));
}

/** Keeps `place` up to date with the controls of `page`. */
export function mirror(page, place, canvas) {
  let [drawn, last] = [-1, ""];
  const update = () => {
    // Nothing was drawn since: nothing has changed.
    if (document.hidden || page.frames() === drawn) return;
    drawn = page.frames();
    const text = page.controls();
    if (text === last) return;
    last = text;
    const controls = JSON.parse(text).filter(({ role }) => SHOWN.has(role));
    while (place.children.length > controls.length) place.lastChild.remove();
    controls.forEach((control, nth) => {
      const button = place.children[nth] ?? place.appendChild(document.createElement("button"));
      const [left, top, right, bottom] = control.rect;
      button.tabIndex = -1;
      button.ariaLabel = control.name;
      button.disabled = !control.enabled;
      button.style.cssText = `left:${left}px;top:${top}px;width:${right - left}px;height:${bottom - top}px`;
      button.onclick = () => press(canvas, control.rect);
    });
  };
  setInterval(update, EVERY);
  update();
}
