//! Learning what and where to transfer (Jang, Lee, Hwang and Shin, ICML 2019).
//!
//! A small target network T_θ is trained with the help of a frozen source network S of another architecture and task.
//! For an image x, feature m of the source and feature n of the target are matched by
//!
//! ```text
//! L_wfm(θ | x, φ) = Σ_{(m,n) ∈ C} λ^{m,n} Σ_c w_c^{m,n} 1/(HW) Σ_ij (r_θ(T_θ^n(x)) − S^m(x))²_cij
//! ```
//!
//! where `w = f_φ(S^m(x))` says *what* is worth matching and `λ = g_φ(S^m(x))` says *where*, i.e. how strongly the two
//! layers are matched. θ minimises `L_total = L_org + β L_wfm`. φ minimises the L_org that θ has after a few virtual
//! steps on L_wfm alone and one on L_org:
//!
//! ```text
//! θ_{t+1}   = θ_t − α ∇_θ L_wfm(θ_t | x, φ)      t = 0, …, T − 1
//! θ_{T+1}   = θ_T − α ∇_θ L_org(θ_T | x, y)
//! φ follows  −∇_φ L_org(θ_{T+1} | x, y)
//! ```
//!
//! The modules in reading order: [`network`] (S and T with their taps), [`meta`] (f and g), [`matching`] (C, r, L_wfm),
//! [`objective`] (L_org, L_total), [`bilevel`] (Algorithm 1), [`method`] (this and what it is compared with). Around them:
//! [`source`] (frozen networks from files), [`embedded`] (those that the program carries), [`data`], [`inputs`] (files in memory or on
//! disk), [`experiment`]
//! (configuration, loop, checkpoints), [`saliency`] (which pixels a pair looks at), [`device`], [`seed`], [`error`], and
//! what people's files need (`text`, `home`, `whole_file`).

mod archive;
pub mod bilevel;
pub mod data;
pub mod device;
pub mod embedded;
pub mod error;
pub mod experiment;
#[cfg(not(target_family = "wasm"))]
pub mod home;
pub mod inputs;
pub mod matching;
pub mod meta;
pub mod method;
pub mod network;
pub mod objective;
mod pickle;
pub mod saliency;
pub mod seed;
pub mod source;
pub mod stop;
pub mod text;
#[cfg(not(target_family = "wasm"))]
pub mod whole_file;

pub use error::{Error, Result};
