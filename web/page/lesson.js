// Five experiments beside the window: a question, what to do, what to look at, and what it shows. The numbers are those
// of docs/results/demo.toml and few.toml: the presets with the changes of the links, seed 0, on the CPU.

const begin = (preset) => (...changes) => `#${[`preset=${preset}`, ...changes].join("&")}`;
/** The paper's way. */
const link = begin("demo");
/** Where to transfer, learned soonest and at least cost. */
const early = begin("demo-early");
const set = (text) => `set=${encodeURIComponent(text)}`;
/** Every pair of layers, evenly. */
const alike = [set("method.name=fm"), set("method.pairs=all-to-all")];

/** What a step of the lesson waits for, on what the window says of the run. */
const trained = (state) => state.epochs.length > 0;
const ended = (state) => state.stage === "Finished";

/** heading, question, steps as [words, link], what to look at (names of controls, the first that is on screen) and when
 * it has happened, where to look in words, what it shows. */
const EXPERIMENTS = [
  {
    title: "1. Why not just fine-tune?",
    ask: "The source already knows how to see. Why not go on training it?",
    steps: [
      [
        "Fine-tune the source itself",
        link(set("method.name=fine-tuning"), set("target.network=resnet20"), "tab=accuracy", "train=1"),
      ],
      ["Transfer to another network", link("tab=accuracy", "train=1")],
      ["Transfer over every pair alike", link(...alike, "tab=accuracy", "train=1")],
    ],
    watch: { at: ["below the networks"], until: ended, say: "the test accuracy stands at the top, and under Results." },
    look: "Both curves under Accuracy; the shapes of the two networks above.",
    shows: "If you may keep the source's network, do: fine-tuned, it names 94 % of the test images, the matched VGG "
      + "58 %, and the same VGG from scratch 37 %. But what is fine-tuned is the source: its architecture, its size, "
      + "its speed. Matching is for the other case. A VGG learns from a ResNet here that it shares not one weight "
      + "with. With every pair alike, nothing learned of what and where, it has 64 %: the gain over scratch is that of "
      + "matching, and not of learning what to match.",
  },
  {
    title: "2. Where does it transfer?",
    ask: "Three layers of the source, five of the target: fifteen pairs. Which of them matter?",
    steps: [
      ["Learn where", early("tab=lambda", "train=1")],
      ["The paper's way", link("tab=lambda", "train=1")],
    ],
    watch: {
      at: ["networks"],
      until: (state) => state.lambda && Math.max(...state.lambda) > 1.5,
      say: "one pair has a λ above 1.5 now.",
    },
    look: "The width of the lines, and λ over time. Press a number for its pair.",
    shows: "Nobody chose the pairs. Every λ starts at 1 and moves to where matching makes the next step better, on "
      + "images that were not in it. After four epochs five of fifteen pairs are above 1.5, block 2 → group 1 first, "
      + "and block 5 → group 4 is near nothing. Learning stops after eight epochs, and after fifteen the source is not "
      + "listened to any more. It names 68 % of the test images, against 64 % with every pair alike and 58 % in the "
      + "paper's way, where λ stays about where chance has put it: its rate is meant for hundreds of epochs. Is it the "
      + "pairs that pay? In part: over ten seeds half of the gain over every pair alike, or more, comes of letting go "
      + "of the source half-way, and the learned pairs add one to three points to that.",
  },
  {
    title: "3. What is transferred?",
    ask: "A layer has up to 64 channels. Does the target imitate all of them alike?",
    steps: [["Learn what", link(set("meta.lr=0.01"), "tab=pair", "train=1")]],
    watch: { at: ["below the networks"], until: trained, say: "an epoch is over: are the weights still even?" },
    look: "The sorted weights w, and the feature maps of the most and least weighted channels; then Saliency.",
    shows: "w starts uniform. In the end the 64 channels of block 8 → group 5 are as uneven as about 20 equal ones, "
      + "and from image to image that differs between 10 and 43: press “Other images”. For block 2 → group 4, the pair "
      + "that λ leaves, sixteen channels are as uneven as four. That costs accuracy here, 44 % of the test images. At "
      + "the paper's rate w stays even in a run this short.",
  },
  {
    title: "4. How few images are enough?",
    ask: "With 20 images a class the source helps. Does it help more with 5?",
    steps: [
      ["From scratch, 20 a class", link(set("method.name=scratch"), "tab=accuracy", "train=1")],
      ["With transfer, 20 a class", link("tab=accuracy", "train=1")],
      [
        "From scratch, 5 a class",
        link(set("data.per_class=5"), set("train.epochs=80"), set("method.name=scratch"), "tab=accuracy", "train=1"),
      ],
      ["With transfer, 5 a class", link(set("data.per_class=5"), set("train.epochs=80"), "tab=accuracy", "train=1")],
    ],
    watch: { at: ["below the networks"], until: ended, say: "the curve has come to its end." },
    look: "The validation curves, dashed training beside them. The legend takes a run away and brings it back.",
    shows: "With 20 a class the source brings 37 % of the test images to 58 %. With 5 it brings 13 %, little more than "
      + "guessing, to 15 %. Both learn their 50 images by heart, to 100 % in training: what the source adds is what "
      + "the images do not say, but it does not replace them.",
  },
  {
    title: "5. When does transfer hurt?",
    ask: "Now the task is the colour of the light. The source knows shapes. Is it any use?",
    steps: [
      ["From scratch", link(set("data.synthetic=unrelated"), set("method.name=scratch"), "tab=accuracy", "train=1")],
      ["Match every layer", link(set("data.synthetic=unrelated"), ...alike, "tab=accuracy", "train=1")],
      ["Learn where to match", early(set("data.synthetic=unrelated"), "tab=accuracy", "train=1")],
    ],
    watch: { at: ["below the networks"], until: ended, say: "the curve has come to its end." },
    look: "The three validation curves at the same seed.",
    shows: "All three name about 50 % of the test images: from scratch 51 %, matching every layer 50 %, where learned "
      + "50 %. A source helps as far as its task has something in common with yours; features that ignore the light "
      + "are of no use to somebody who is to name it. φ does not switch them off: it is rewarded for the loss a step "
      + "or two later, which matching lowers here too. One seed, where a point or two is chance: over ten, every way "
      + "of matching costs three points or more. Who trains from scratch as well and keeps what the validation images "
      + "prefer loses nothing: 0.3 points over those ten.",
  },
];

function element(tag, text) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  return made;
}

/** The step that was begun last: what to look at, until it has happened. */
class Pointer {
  constructor(frame) {
    this.frame = frame;
    this.page = null;
    this.watched = null;
    setInterval(() => this.look(), 400);
  }

  /** From now on `experiment` is watched, for the step that `said` is beside. */
  begin(experiment, said) {
    this.watched?.said.replaceChildren();
    this.watched = { ...experiment.watch, said, began: false };
    said.textContent = "Look at what is framed.";
  }

  look() {
    const watched = this.watched;
    if (!this.page || !watched || document.hidden) {
      this.frame.hidden = true;
      return;
    }
    const controls = JSON.parse(this.page.controls());
    const found = controls.find(({ name }) => watched.at.includes(name));
    this.frame.hidden = !found;
    if (found) {
      const [left, top, right, bottom] = found.rect;
      this.frame.style.cssText = `left:${left}px;top:${top}px;width:${right - left}px;height:${bottom - top}px`;
    }
    const state = JSON.parse(this.page.state());
    // The run before it has an end of its own.
    watched.began ||= state.stage === "Training" && state.epochs.length === 0;
    if (watched.began && watched.until(state)) {
      watched.said.textContent = `Done: ${watched.say}`;
      watched.said.classList.add("done");
      this.watched = null;
    }
  }
}

function show(experiment, pointer) {
  const part = element("section");
  part.append(element("h3", experiment.title), element("p", experiment.ask));
  const steps = element("ol");
  for (const [words, hash] of experiment.steps) {
    const anchor = element("a", words);
    anchor.href = hash;
    const said = element("span");
    said.role = "status";
    anchor.onclick = () => pointer.begin(experiment, said);
    steps.appendChild(element("li")).append(anchor, " ", said);
  }
  const answer = element("details");
  answer.append(element("summary", "What it shows"), element("p", experiment.shows));
  part.append(steps, element("p", `Look at: ${experiment.look}`), answer);
  return part;
}

/** Fills `place`, which `toggle` opens and closes; `frame` goes around what is to be looked at. Gives back what is told
 * of the page once it is there. */
export function openLesson(place, toggle, frame) {
  const pointer = new Pointer(frame);
  place.append(
    element("h2", "Five experiments"),
    element("p", "Each link sets the experiment and starts it. Runs stay on the chart, so that they can be compared. "
      + "The figures are of one run on the CPU of a desktop: another device rounds otherwise, and training makes a few "
      + "points of that."),
    ...EXPERIMENTS.map((experiment) => show(experiment, pointer)),
  );
  const set = (open) => {
    place.classList.toggle("open", open);
    toggle.ariaExpanded = String(open);
    toggle.textContent = open ? "Close" : "Lesson";
  };
  toggle.onclick = () => set(!place.classList.contains("open"));
  addEventListener("l2t-lesson", () => set(true));
  return (page) => { pointer.page = page; };
}
