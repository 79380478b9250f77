//! One iteration of Algorithm 1 in a tab, on its CPU or its GPU, against the numbers that the program is tested with:
//! those of the equations, and those that the authors' code left in a fixture.
#![cfg(target_family = "wasm")]

use burn_tensor::{DType, Device};
use l2t_core::device::{DeviceChoice, WebAdapter, open};
use l2t_tests::equations::{made, made_name};
use l2t_tests::fixture::{Fixture, check_async};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(start)]
fn construct() {
    l2t_core::device::construct();
}

/// A device of the tab, opened once.
#[wasm_bindgen]
pub struct Tab(Device);

#[wasm_bindgen]
impl Tab {
    /// The GPU, or the CPU.
    ///
    /// # Errors
    /// When there is no GPU.
    pub async fn open(gpu: bool) -> Result<Self, JsValue> {
        let choice = if gpu { DeviceChoice::Gpu } else { DeviceChoice::Cpu };
        let adapter = WebAdapter { name: "the tab's".into(), software: true };
        let device = open(choice, Some(&adapter), "").await.map_err(|error| JsValue::from_str(&error.to_string()))?;
        Ok(Self(device.device))
    }

    /// The equations, and a recorded fixture where its bytes are given: JSON of (name, tensors, worst relative error,
    /// whose it is, that of the hypergradient). In double precision where `double` says so, which a GPU has not.
    pub async fn parity(&self, fixture: Option<Vec<u8>>, double: bool) -> String {
        let dtype = if double { DType::F64 } else { DType::F32 };
        let fixtures: Vec<(String, Fixture)> = match fixture {
            Some(bytes) => vec![("recorded".into(), Fixture::from_bytes("recorded", &bytes))],
            // T = 2 and T = 3: a software driver takes seconds for each.
            None => made()
                .into_iter()
                .filter(|(setting, _)| double || setting.hyper[4] >= 2.0)
                .map(|(setting, fixture)| (made_name(&setting), fixture))
                .collect(),
        };
        let mut found = Vec::new();
        for (name, fixture) in fixtures {
            let compared = check_async(&fixture, &self.0, dtype).await;
            let (whose, worst) = compared.worst();
            found.push(serde_json::json!({
                "name": name,
                "tensors": compared.len(),
                "worst": worst,
                "whose": whose,
                "hypergradient": compared.worst_of("hypergradient"),
            }));
        }
        serde_json::Value::from(found).to_string()
    }
}
