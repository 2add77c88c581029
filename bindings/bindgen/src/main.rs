//! UniFFI's own generator, at the version in `Cargo.lock`, so that generated code can never be of another one.

fn main() {
    uniffi::uniffi_bindgen_main();
}
