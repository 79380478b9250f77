//! What the browser keeps for this page: settings in its local storage, runs in an IndexedDB of their own.

use js_sys::{Array, Uint8Array};
use l2t_core::{Error, Result};
use rexie::{ObjectStore, Rexie, TransactionMode, TransactionResult};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use crate::window::seam::KeptRun;
use crate::window::shell::settings::Settings;

const SETTINGS: &str = "l2t.settings";
const RUNS: &str = "runs";

/// What is remembered of the last time.
pub fn settings() -> Settings {
    let text = local().and_then(|storage| storage.get_item(SETTINGS).ok().flatten());
    text.and_then(|text| toml::from_str(&text).ok()).unwrap_or_default()
}

/// Remembers; a browser that was told not to does not.
pub fn remember(settings: &Settings) {
    if let (Some(storage), Ok(text)) = (local(), toml::to_string(settings)) {
        let _ = storage.set_item(SETTINGS, &text);
    }
}

fn local() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok()?
}

async fn open() -> Result<Rexie> {
    Rexie::builder("l2t").version(1).add_object_store(ObjectStore::new(RUNS)).build().await.map_err(|e| refused(&e))
}

fn refused(error: &rexie::Error) -> Error {
    // The browser's own name of it is all that there is.
    if format!("{error:?}").contains("QuotaExceeded") {
        return Error::Device(
            "the browser's storage is full: take away runs that are kept here, or export this one".into(),
        );
    }
    Error::Device(format!("this browser does not keep runs for the page ({error}): export the run instead"))
}

/// A transaction that is not committed kept nothing, also where none of its requests failed: so it is with a full disk.
fn committed(ended: std::result::Result<TransactionResult, rexie::Error>) -> Result<()> {
    match ended {
        Ok(TransactionResult::Committed) => Ok(()),
        Ok(TransactionResult::Aborted) => {
            let reason = "the browser ended the writing, most likely because its storage is full: take away runs that are \
                          kept here, or export this one";
            Err(Error::Device(reason.into()))
        }
        Err(error) => Err(refused(&error)),
    }
}

/// Keeps the zip of a run under a name, in place of what was there. As a blob: its size is known without reading it.
///
/// # Errors
/// When the browser refuses: it is full, or in a private window.
pub async fn keep(name: &str, zip: &Uint8Array) -> Result<()> {
    let blob = Blob::new_with_u8_array_sequence(&Array::of1(zip));
    let blob = blob.map_err(|_| Error::Device(format!("{name}: this browser has no room for it: export the run")))?;
    let database = open().await?;
    let attempt = async {
        let transaction = database.transaction(&[RUNS], TransactionMode::ReadWrite)?;
        transaction.store(RUNS)?.put(&blob, Some(&JsValue::from_str(name))).await?;
        transaction.done().await
    };
    committed(attempt.await)
}

/// Takes a run away.
///
/// # Errors
/// When the browser refuses.
pub async fn forget(name: &str) -> Result<()> {
    let database = open().await?;
    let attempt = async {
        let transaction = database.transaction(&[RUNS], TransactionMode::ReadWrite)?;
        transaction.store(RUNS)?.delete(JsValue::from_str(name)).await?;
        transaction.done().await
    };
    committed(attempt.await)
}

/// The zip of a run.
///
/// # Errors
/// When there is none of this name.
pub async fn read(name: &str) -> Result<Vec<u8>> {
    let database = open().await?;
    let attempt = async {
        let transaction = database.transaction(&[RUNS], TransactionMode::ReadOnly)?;
        transaction.store(RUNS)?.get(JsValue::from_str(name)).await
    };
    let found = attempt.await.map_err(|error| refused(&error))?;
    let blob = found.ok_or_else(|| Error::file(name, "is not kept in this browser"))?;
    let blob: Blob = blob.dyn_into().map_err(|_| Error::file(name, "is kept by another version of the page"))?;
    let bytes = JsFuture::from(blob.array_buffer()).await;
    bytes.map(|bytes| Uint8Array::new(&bytes).to_vec()).map_err(|_| Error::file(name, "can no longer be read"))
}

/// All runs that are kept, by name.
///
/// # Errors
/// When the browser refuses.
pub async fn list() -> Result<Vec<KeptRun>> {
    let database = open().await?;
    let attempt = async {
        let transaction = database.transaction(&[RUNS], TransactionMode::ReadOnly)?;
        let store = transaction.store(RUNS)?;
        let mut runs = Vec::new();
        for key in store.get_all_keys(None, None).await? {
            let Some(name) = key.as_string() else { continue };
            // Sizes of blobs are whole numbers far below 2^53.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "see above")]
            let bytes =
                store.get(key).await?.and_then(|zip| zip.dyn_into::<Blob>().ok()).map_or(0, |zip| zip.size() as u64);
            runs.push(KeptRun { name, bytes });
        }
        Ok(runs)
    };
    attempt.await.map_err(|error: rexie::Error| refused(&error))
}
