//! How the program is linked.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let of = |key: &str| std::env::var(format!("CARGO_CFG_TARGET_{key}")).unwrap_or_default();
    // A program that may lie anywhere in memory keeps a list of the 220,000 places where it names an address: 5 of 60 MB,
    // and most of what its start takes. Its libraries, stack and heap still lie anywhere.
    if of("OS") == "linux" && of("ENV") == "gnu" && of("ARCH") == "x86_64" {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
