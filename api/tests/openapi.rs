//! The committed OpenAPI document is the one that the code makes.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

#[test]
fn the_committed_document_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../frontend/openapi/openapi.json");
    let mut current = berth_api::document().to_pretty_json().unwrap();
    current.push('\n');
    std::fs::create_dir_all(std::path::Path::new(path).parent().unwrap()).unwrap();
    std::fs::write(path, current).unwrap();
}
