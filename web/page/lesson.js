// Five experiments beside the window: a question, what to do, what to look at, and what it shows.

const BASE = "preset=demo";
const link = (...changes) => `#${[BASE, ...changes].join("&")}`;
const set = (text) => `set=${encodeURIComponent(text)}`;

/** heading, question, steps as [words, link], where to look, what it shows. */
const EXPERIMENTS = [
  {
    title: "1. Why not just fine-tune?",
    ask: "The source already knows how to see. Why not go on training it?",
    steps: [
      ["Fine-tune the source itself", link(set("method.name=fine-tuning"), set("target.network=resnet20"), "tab=accuracy", "train=1")],
      ["Transfer to another network", link(set("method.name=l2t-ww"), "tab=accuracy", "train=1")],
    ],
    look: "Both curves under Accuracy; the shapes of the two networks above.",
    shows: "Fine-tuning begins with the source's own weights, so the result has the source's own architecture: its size, "
      + "its speed, its layers. Matching leaves the choice to you. Here a VGG learns from a ResNet that it shares not one "
      + "weight with.",
  },
  {
    title: "2. Where does it transfer?",
    ask: "Three layers of the source, five of the target: fifteen pairs. Which of them matter?",
    steps: [["Learn where", link(set("meta.lr=0.01"), "tab=lambda", "train=1")]],
    look: "The width of the lines, and λ over time. Press a number for its pair.",
    shows: "Nobody chose the pairs. λ starts near 1 for all of them and moves to where matching makes the next step on the "
      + "task better; pairs that do not help fade. (The rate of φ is a hundred times the paper's, to see it in a short run.)",
  },
  {
    title: "3. What is transferred?",
    ask: "A layer has up to 64 channels. Does the target imitate all of them alike?",
    steps: [["Learn what", link(set("meta.lr=0.01"), "tab=pair", "train=1")]],
    look: "The sorted weights w, and the feature maps of the most and least weighted channels; then Saliency.",
    shows: "w starts uniform and becomes uneven: channels that matter for telling the beetles apart get more. It is "
      + "different for every image: press “Other images”.",
  },
  {
    title: "4. How few images are enough?",
    ask: "With 20 images a class the source helps. Does it help more with 5?",
    steps: [
      ["From scratch, 20 a class", link(set("method.name=scratch"), "tab=accuracy", "train=1")],
      ["With transfer, 20 a class", link("tab=accuracy", "train=1")],
      ["With transfer, 5 a class", link(set("data.per_class=5"), set("train.epochs=80"), "tab=accuracy", "train=1")],
    ],
    look: "The validation curves. The legend takes a run away and brings it back.",
    shows: "Training accuracy reaches 100 % in every case: few images are quickly learned by heart. What the source adds "
      + "is what the images do not say, so the gap between training and validation is smaller with it.",
  },
  {
    title: "5. When does transfer hurt?",
    ask: "Now the task is the colour of the light. The source knows shapes. Is it any use?",
    steps: [
      ["From scratch", link(set("data.synthetic=unrelated"), set("method.name=scratch"), "tab=accuracy", "train=1")],
      ["Match every layer", link(set("data.synthetic=unrelated"), set("method.name=fm"), set("method.pairs=all-to-all"), "tab=accuracy", "train=1")],
      ["Learn where to match", link(set("data.synthetic=unrelated"), "tab=accuracy", "train=1")],
    ],
    look: "The three validation curves at the same seed.",
    shows: "A source helps as far as its task has something in common with yours. Features that ignore the light are of no "
      + "use to somebody who is to name it: imitating them costs training without giving anything back.",
  },
];

function element(tag, text) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  return made;
}

function show(experiment) {
  const part = element("section");
  part.append(element("h3", experiment.title), element("p", experiment.ask));
  const steps = element("ol");
  for (const [words, hash] of experiment.steps) {
    const anchor = element("a", words);
    anchor.href = hash;
    steps.appendChild(element("li")).append(anchor);
  }
  const answer = element("details");
  answer.append(element("summary", "What it shows"), element("p", experiment.shows));
  part.append(steps, element("p", `Look at: ${experiment.look}`), answer);
  return part;
}

/** Fills `place`, which `toggle` opens and closes. */
export function openLesson(place, toggle) {
  place.append(
    element("h2", "Five experiments"),
    element("p", "Each link sets the experiment and starts it. Runs stay on the chart, so that they can be compared."),
    ...EXPERIMENTS.map(show),
  );
  toggle.onclick = () => {
    const open = place.classList.toggle("open");
    toggle.ariaExpanded = String(open);
    toggle.textContent = open ? "Close" : "Lesson";
  };
}
