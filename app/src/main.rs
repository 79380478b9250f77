//! The `l2t` program.

fn main() -> std::process::ExitCode {
    l2t_app::environment::quiet_without_display();
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("warn")).init();
    l2t_app::allocator::keep_memory();
    l2t_app::cli::main()
}
