//! Every view is a function of the state to what the user asks for: state in, intents out, without a window, a run or a host.

use std::sync::{Arc, LazyLock};

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Theme, Ui};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use l2t_app::window::paint::fonts::fonts;
use l2t_app::window::paint::theme;
use l2t_app::window::panels::charts::Chart;
use l2t_app::window::panels::help::{Front, Help};
use l2t_app::window::run::facts::{DeviceFacts, Experiment, Fact, KernelTimes};
use l2t_app::window::run::results::{Column, KnownRun, Table};
use l2t_app::window::shell::intent::{Intent, Intents};
use l2t_app::window::shell::layout;
use l2t_app::window::shell::state::State;
use l2t_app::window::shell::tab::Tab;
use l2t_core::device::{DeviceChoice, open};
use l2t_core::experiment::{Config, EpochRecord, Event, History, Method, Pace, Plan, RunSummary};

/// A window that is nothing but its state; what is asked for is kept and not done.
struct Shown {
    state: State,
    intents: Intents,
}

impl eframe::App for Shown {
    fn ui(&mut self, ui: &mut Ui, _: &mut eframe::Frame) {
        self.intents.extend(layout::show(ui, &self.state));
    }
}

type Drawn = Harness<'static, Shown>;

fn drawn(state: State, size: [f32; 2]) -> Drawn {
    let shown = Shown { state, intents: vec![] };
    let mut window =
        Harness::builder().with_theme(Theme::Dark).with_size(size).with_max_steps(8).build_eframe(|creation| {
            creation.egui_ctx.set_fonts(fonts());
            theme::apply(&creation.egui_ctx);
            shown
        });
    // What has just come up measures itself first.
    window.run_steps(3);
    window
}

const WIDE: [f32; 2] = [1280.0, 860.0];
const PHONE: [f32; 2] = [390.0, 844.0];

fn says(harness: &Drawn, text: &str) -> bool {
    harness.query_all_by_label_contains(text).next().is_some()
}

/// What was asked for since the last time.
fn taken(harness: &mut Drawn) -> Intents {
    harness.run_steps(2);
    std::mem::take(&mut harness.state_mut().intents)
}

/// What pressing `name` asks for.
fn press(harness: &mut Drawn, name: &str) -> Intents {
    harness.get_by_role_and_label(Role::Button, name).click();
    taken(harness)
}

fn config(changes: &[&str]) -> Config {
    let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
    Config::preset("demo", &changes).expect("valid")
}

static EXPERIMENT: LazyLock<Arc<Experiment>> = LazyLock::new(|| {
    let device = open(DeviceChoice::Cpu).expect("there is one").device;
    let small = config(&["target.width=0.0625", "data.per_class=3", "train.batch_size=10"]);
    let plan = Plan::new(small, device, "CPU".into()).expect("it can be made");
    Arc::new(Experiment::of(&plan, History::default()).expect("it is not stopped"))
});

/// That of a run which waits.
fn waiting() -> State {
    let mut state = State::new("demo".into(), EXPERIMENT.config.clone());
    state.run.apply(Fact::Ready(EXPERIMENT.clone()), 0.0);
    state.run.apply(Fact::Run(Event::Paused), 0.0);
    state.ready(&EXPERIMENT);
    state
}

fn run(nth: usize, changes: &[&str], validation: f64, test: Option<f64>) -> KnownRun {
    let config = config(changes);
    let record = EpochRecord {
        epoch: 1,
        lr: 0.1,
        task_loss: 1.0,
        matching_loss: None,
        auxiliary_losses: Default::default(),
        train_accuracy: 0.5,
        validation_accuracy: Some(validation),
        pair_weights: vec![],
        elapsed_secs: 30.0,
    };
    let summary = test.map(|test| RunSummary {
        method: config.method.name.name().into(),
        seed: config.seed,
        device: "CPU".into(),
        test_accuracy: Some(test),
        validation_accuracy: Some(validation),
        best_epoch: 1,
        epochs: 1,
        complete: true,
        normalised_together: None,
        wall_secs: 120.0,
        images: (1, 1, 1),
        folder: String::new(),
    });
    KnownRun { nth, config, history: History { epochs: vec![record] }, summary }
}

/// Three runs: 1 from scratch, 2 with transfer, 3 without a result yet.
fn three() -> Vec<KnownRun> {
    vec![
        run(0, &["method.name=scratch"], 0.3, Some(0.302)),
        run(1, &["seed=7"], 0.6, Some(0.589)),
        run(2, &["data.per_class=0"], 0.7, None),
    ]
}

fn order(table: &Table, runs: &[KnownRun]) -> Vec<usize> {
    let runs: Vec<_> = runs.iter().map(KnownRun::as_run).collect();
    table.sorted(&runs).iter().map(|run| run.nth).collect()
}

#[test]
fn the_buttons_at_the_top_ask_and_do_nothing_themselves() {
    let mut window = drawn(waiting(), WIDE);
    assert_eq!(press(&mut window, "Train"), [Intent::Toggle]);
    assert_eq!(press(&mut window, "Step"), [Intent::Tab(Tab::Steps), Intent::Pace(Pace::Step)]);
    assert_eq!(press(&mut window, "Step iteration"), [Intent::Pace(Pace::Iteration)]);
    assert_eq!(press(&mut window, "Reset"), [Intent::StartAnew]);
    assert_eq!(press(&mut window, "light"), [Intent::Dark(false)]);
    assert_eq!(press(&mut window, "Losses"), [Intent::Tab(Tab::Chart(Chart::Losses))]);
}

#[test]
fn a_run_that_is_being_prepared_cannot_be_trained_and_one_that_runs_can_be_paused() {
    let mut preparing = drawn(State::new("demo".into(), config(&[])), WIDE);
    assert_eq!(press(&mut preparing, "Train"), []);
    let mut running = waiting();
    running.abilities.running = true;
    assert_eq!(press(&mut drawn(running, WIDE), "Pause"), [Intent::Toggle]);
}

#[test]
fn a_pair_is_looked_at_by_pressing_its_number() {
    let asked = press(&mut drawn(waiting(), WIDE), "pair block 2 → group 1");
    assert_eq!(asked, [Intent::Pair(0)]);
    let mut state = waiting();
    assert_eq!(state.apply(asked[0].clone()), None);
    assert_eq!((state.selection.pair, state.selection.tab), (0, Tab::Pair));
}

#[test]
fn every_tab_says_what_will_stand_on_it() {
    for (row, expected) in Tab::all().zip([
        "will rise here",
        "will fall here",
        "λ, will stand here",
        "waiting for the run",
        "waiting for the run",
        "Step takes one step",
        "Every run becomes a row here",
    ]) {
        let mut state = waiting();
        state.selection.tab = row.tab;
        assert!(says(&drawn(state, WIDE), expected), "{} does not say “{expected}”", row.name);
    }
}

#[test]
fn lambda_over_time_has_a_plot_for_each_source_layer_and_a_colour_for_each_target_layer() {
    for size in [WIDE, PHONE] {
        let mut state = waiting();
        state.selection.tab = Tab::Chart(Chart::PairWeights);
        let mut window = drawn(state, size);
        assert!(["from block 2", "from block 5", "from block 8"].iter().all(|plot| says(&window, plot)), "{size:?}");
        let rect = window.get_by_role_and_label(Role::Button, "to group 1").rect();
        assert!(rect.height() >= 24.0, "fingers need as much (WCAG 2.2, AA): {rect:?}");
        assert_eq!(press(&mut window, "to group 1"), [], "its lines go, and nothing else happens");
    }
}

#[test]
fn what_differs_from_the_preset_is_marked_with_a_way_back() {
    let mut state = State::new("demo".into(), config(&["seed=5", "train.lr=0.2"]));
    let mut window = drawn(State::new("demo".into(), state.draft.clone()), WIDE);
    assert!(!says(&window, "Seed"), "what a beginner does not need is folded");
    window.get_by_label("Training").click();
    // It opens slowly.
    window.run_steps(30);
    let asked = press(&mut window, "Seed: back to 0");
    let [Intent::Draft(draft)] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!((draft.seed, draft.train.lr), (0, 0.2), "and nothing else");
    state.apply(asked[0].clone());
    assert_eq!(state.changes(), ["train.lr=0.2"]);
}

/// Opens the settings of φ, which a beginner does not need.
fn with_phi_open(state: State) -> Drawn {
    let mut window = drawn(state, WIDE);
    window.get_by_label("Learning φ").click();
    // It opens slowly.
    window.run_steps(30);
    window
}

fn chosen(window: &mut Drawn, list: &str, option: &str) -> Intents {
    window.get_by_role_and_label(Role::ComboBox, list).click();
    window.run_steps(3);
    press(window, option)
}

#[test]
fn where_phi_is_another_runs_its_settings_give_way_to_whose_it_is() {
    let draft = config(&["method.phi=runs/taught/checkpoints/latest.safetensors"]);
    let mut window = with_phi_open(State::new("demo".into(), draft.clone()));
    assert!(says(&window, "φ of taught, as it stands") && !says(&window, "Virtual steps"));
    let mut learned = draft;
    learned.method.phi = None;
    assert_eq!(press(&mut window, "Origin: back to learned here"), [Intent::Draft(learned.clone().into())]);
    assert_eq!(chosen(&mut window, "Origin", "learned here"), [Intent::Draft(learned.clone().into())]);
    assert!(says(&with_phi_open(State::new("demo".into(), learned)), "Virtual steps"));
    let none = with_phi_open(State::new("demo".into(), config(&["method.name=fm", "method.phi=taught"])));
    assert!(says(&none, "fm learns neither what nor where") && !says(&none, "Origin"));
}

#[test]
fn phi_of_the_run_on_screen_comes_with_the_settings_that_it_was_learned_in() {
    let mut state = waiting();
    let mut record = three().remove(0).history.epochs.remove(0);
    record.epoch = 1;
    state.run.apply(Fact::Run(Event::Epoch(Box::new(record))), 1.0);
    assert_eq!(state.teacher(), None, "nothing of it is kept yet");
    state.abilities.recoverable = true;
    (state.begun, state.draft) = (2, config(&["method.name=l2t-w", "meta.where_per=pair", "seed=7"]));
    let asked = chosen(&mut with_phi_open(state), "Origin", "of run 3");
    let [Intent::Draft(draft)] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(draft.changes_from(&config(&["seed=7"])), ["method.phi=\"run 3\""]);
}

/// What a link or a file asks for may be more than a hand can enter, and showing it is not to change it.
#[test]
fn to_show_an_experiment_changes_nothing_of_it() {
    let large =
        ["data.path=\"mine.zip\"", "data.size=1024", "data.per_class=20000", "target.width=4", "train.epochs=5000"];
    let small = ["data.path=\"mine.zip\"", "data.size=5", "data.augment=0", "train.batch_size=4096", "train.lr=1e-7"];
    let odd = ["method.name=scratch", "sources=[]", "target.network=resnet34", "meta.lr=3", "method.beta=1e4"];
    let steps = ["meta.matching_steps=40", "method.pairs=[[0, 0, 0]]", "sources.0.weights=mine.pth"];
    for changes in [&large[..], &small, &odd, &steps] {
        let mut window = drawn(State::new("demo".into(), config(changes)), [1280.0, 1600.0]);
        for folded in ["Networks", "Training", "Learning φ"] {
            window.get_by_label(folded).click();
            // It opens slowly.
            window.run_steps(30);
        }
        assert!(["Width", "Epochs", "Images of a class"].iter().all(|shown| says(&window, shown)), "{changes:?}");
        assert_eq!(taken(&mut window), [], "{changes:?}");
    }
}

/// LwF matches no layers and listens to a source all the same; two methods listen to none.
#[test]
fn whoever_listens_to_a_source_can_stop_doing_so() {
    for method in Method::ALL {
        let draft = config(&[&format!("method.name={}", method.name()), "method.epochs=7"]);
        let window = drawn(State::new("demo".into(), draft), WIDE);
        let alone = matches!(method, Method::Scratch | Method::FineTuning);
        assert_eq!(says(&window, "Transfer epochs"), !alone, "{}", method.name());
    }
}

#[test]
fn a_preset_takes_the_place_of_the_draft() {
    let mut state = State::new("demo".into(), config(&["seed=5"]));
    assert_eq!(state.apply(Intent::Preset("bench")), None);
    assert_eq!((state.preset.as_str(), &state.draft), ("bench", &Config::preset("bench", &[]).expect("valid")));
    assert!(state.changes().is_empty());
}

#[test]
fn results_are_sorted_by_what_is_pressed_and_back() {
    let runs = three();
    let table = Table::default();
    assert_eq!(order(&table, &runs), [0, 1, 2]);
    assert_eq!(order(&table.by(Column::Run), &runs), [2, 1, 0], "the second time the other way round");
    let by_test = table.by(Column::Test);
    assert_eq!(order(&by_test, &runs), [2, 0, 1], "what is not known is least");
    assert_eq!(order(&by_test.by(Column::Test), &runs), [1, 0, 2]);
    assert_eq!(order(&table.by(Column::PerClass), &runs), [0, 1, 2], "all is more than twenty");
    assert_eq!(order(&table.by(Column::Method), &runs), [1, 2, 0]);
}

#[test]
fn results_are_compared_hidden_and_copied() {
    let runs = three();
    let runs: Vec<_> = runs.iter().map(KnownRun::as_run).collect();
    let table = Table { against: Some(0), hidden: [2].into(), ..Table::default() };
    let csv = "Run,Method,Seed,Images a class,Validation,Test accuracy,Difference,Time\n\
               1,scratch,0,20,30.00 %,30.20 %,–,2 min\n\
               2,l2t-ww,7,20,60.00 %,58.90 %,+28.7 points,2 min\n";
    assert_eq!(table.csv(&runs), csv);
    let markdown = table.markdown(&runs);
    assert!(markdown.starts_with("| Run | Method | Seed |"), "{markdown}");
    assert_eq!(markdown.lines().nth(1), Some("|---|---|---|---|---|---|---|---|"));
    assert_eq!(markdown.lines().count(), 4);
}

#[test]
fn the_table_asks_for_what_is_pressed_in_it() {
    let results = || {
        let mut state = waiting();
        (state.earlier, state.begun, state.selection.tab) = (three(), 3, Tab::Results);
        drawn(state, WIDE)
    };
    let mut window = results();
    assert!(says(&window, "58.90 %") && says(&window, "all") && says(&window, "2 min"));
    let table = Table::default();
    assert_eq!(press(&mut window, "sort by Test accuracy"), [Intent::Table(table.by(Column::Test))]);
    assert_eq!(press(&mut window, "compare with run 2"), [Intent::Table(Table { against: Some(1), ..table.clone() })]);
    let asked = press(&mut window, "Copy as CSV");
    assert!(matches!(&asked[..], [Intent::Copy(text)] if text.contains("l2t-ww,7,20")), "{asked:?}");
    window.get_by_role_and_label(Role::CheckBox, "show run 1").click();
    assert_eq!(taken(&mut window), [Intent::Table(Table { hidden: [0].into(), ..table })]);
}

#[test]
fn a_run_that_is_left_stays_in_the_table() {
    let mut state = waiting();
    let record = three().remove(0).history.epochs.remove(0);
    state.run.apply(Fact::Run(Event::Epoch(Box::new(record))), 1.0);
    assert_eq!(state.runs().len(), 1, "the present one is there from its first epoch on");
    state.leave_run(true);
    assert_eq!((state.runs().len(), state.begun), (1, 1));
    assert!(state.run.experiment.is_none());
}

#[test]
fn a_newcomer_stands_before_three_doors() {
    let mut state = waiting();
    state.help = Help::newcomer();
    let mut window = drawn(state, WIDE);
    assert!(says(&window, "A small network learns a task from a few pictures"));
    assert_eq!(press(&mut window, "See it learn"), [Intent::SeeItLearn]);
    assert_eq!(press(&mut window, "Lesson"), [Intent::Lesson]);
    let asked = press(&mut window, "Use my pictures");
    let [Intent::Help(help)] = asked[..] else { panic!("{asked:?}") };
    assert_eq!(help.front, Front::Pictures);
    window.key_press(Key::Escape);
    assert_eq!(taken(&mut window), [Intent::Help(Help::default())]);
    let mut state = waiting();
    state.help = help;
    let mut window = drawn(state, WIDE);
    assert!(says(&window, "One folder a class"));
    assert_eq!(press(&mut window, "Choose a folder…"), [Intent::ChooseFolder]);
}

#[test]
fn the_tour_knows_when_a_step_has_happened() {
    let at = |step: usize, change: &dyn Fn(&mut State)| {
        let mut state = waiting();
        state.help = Help { tour: Some(step), ..Help::default() };
        change(&mut state);
        let window = drawn(state, WIDE);
        assert!(says(&window, &format!("({} of 5)", step + 1)));
        says(&window, "Done.")
    };
    let iteration = Event::Iteration { epoch: 0, done: 1, of: 3 };
    assert!(!at(1, &|_| ()));
    assert!(at(1, &|state| state.run.apply(Fact::Run(iteration.clone()), 1.0)));
    assert!(!at(2, &|_| ()));
    assert!(at(2, &|state| drop(state.apply(Intent::Pair(3)))));
    assert!(!at(4, &|state| state.earlier = three()[1..2].to_vec()));
    assert!(at(4, &|state| state.earlier = three()[..2].to_vec()));
}

#[test]
fn on_a_phone_the_networks_come_first_and_the_settings_are_a_sheet() {
    let mut window = drawn(waiting(), PHONE);
    assert!(!says(&window, "Images of a class") && says(&window, "networks"));
    assert_eq!(press(&mut window, "Settings"), [Intent::Sheet(true)]);
    let mut state = waiting();
    state.sheet = true;
    let window = drawn(state, PHONE);
    assert!(says(&window, "Images of a class"));
    assert!(says(&window, "networks") && !says(&window, "Losses"), "above the sheet there is room for one thing");
    for name in ["Train", "Step", "Reset", "Settings", "?"] {
        let rect = window.get_by_role_and_label(Role::Button, name).rect();
        assert!(rect.height() >= 39.0 && rect.right() <= PHONE[0], "{name} is at {rect:?}");
    }
}

#[test]
fn nothing_is_wider_than_the_smallest_window() {
    for size in [[1024.0, 700.0], [820.0, 1180.0], PHONE] {
        let window = drawn(waiting(), size);
        for name in ["Train", "Step", "Step iteration", "Reset", "?", "light", "pair block 8 → group 5"] {
            let rect = window.get_by_role_and_label(Role::Button, name).rect();
            // Among others, fingers need 24 points (WCAG 2.2, AA).
            let least = if size[0] < 840.0 { 24.0 } else { 9.0 };
            let inside = rect.max.x <= size[0] && rect.max.y <= size[1] && rect.size().min_elem() >= least;
            assert!(inside, "{name} at {rect:?} in {size:?}");
        }
    }
}

/// The strip of steps is pushed to and fro; a step that broke into lines was as tall as the tab, and hid what is below.
#[test]
fn below_the_steps_there_is_room_for_the_check() {
    for size in [WIDE, [1024.0, 700.0]] {
        let mut state = waiting();
        state.selection.tab = Tab::Steps;
        let window = drawn(state, size);
        let rect = window.get_by_role_and_label(Role::Button, "Check this gradient").rect();
        assert!(rect.max.y <= size[1], "{rect:?} in {size:?}");
    }
}

#[test]
fn the_kernels_of_a_gpu_are_timed_on_request_and_what_they_took_is_copied() {
    let device = |gpu| DeviceFacts { name: "a card".into(), reason: "it was asked for".into(), gpu, software: false };
    let mut window = drawn(waiting(), WIDE);
    let hear = |window: &mut Drawn, fact| window.state_mut().state.run.apply(fact, 0.0);
    hear(&mut window, Fact::Device(device(false)));
    window.run_steps(2);
    assert!(window.query_by_label("About this device").is_none(), "a CPU has no kernels");
    hear(&mut window, Fact::Device(device(true)));
    window.run_steps(2);
    let open = Help { device: true, ..Help::default() };
    assert_eq!(press(&mut window, "About this device"), [Intent::Help(open)]);
    window.state_mut().state.help = open;
    window.run_steps(3);
    assert_eq!(press(&mut window, "Time its kernels"), [Intent::TimeKernels]);
    hear(&mut window, Fact::Timing(3, 12));
    window.run_steps(2);
    assert!(says(&window, "3 of 12 products"));
    assert!(window.query_by_label("Time its kernels").is_none(), "it is under way");
    hear(&mut window, Fact::Timed(Err("the device was lost".into())));
    window.run_steps(2);
    assert!(says(&window, "the device was lost"));
    hear(&mut window, Fact::Timed(Ok(KernelTimes { text: "device  a card\n".into(), json: "{}".into() })));
    window.run_steps(2);
    assert!(says(&window, "device  a card"));
    assert_eq!(press(&mut window, "Copy as text"), [Intent::Copy("device  a card\n".into())]);
    assert_eq!(press(&mut window, "Copy as JSON"), [Intent::Copy("{}".into())]);
}
