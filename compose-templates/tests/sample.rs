//! The sample repository `acme/shop`, read as a deployment reads it.

use berth_compose_templates::{Folder, Settings, Source, StackContext, Variables, load};
use berth_domain::ids::StackName;

#[test]
fn the_sample_repository_becomes_a_stack() {
    let shop = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/shop");
    let text = std::fs::read_to_string(format!("{shop}/compose.yaml")).unwrap();
    let file = Source { path: "compose.yaml".to_owned(), text };
    let variables: Variables =
        [("BERTH_HOST", "shop.localhost"), ("BERTH_SHA", "0123abc"), ("BERTH_ENVIRONMENT", "test")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
    let loaded = load(&[file], &Folder::checkout(shop), &variables, &Settings::default()).unwrap();
    assert_eq!(loaded.notes(), []);

    let builds = loaded.builds();
    let built: Vec<&str> = builds.iter().map(|build| build.service.as_str()).collect();
    assert_eq!(built, ["api", "store", "web", "worker"]);

    let context = StackContext {
        stack: StackName::parse("shop").unwrap(),
        images: builds
            .iter()
            .map(|b| (b.service.clone(), format!("berth/{}:1", b.service)))
            .collect(),
        public_network: Some("berth_public".to_owned()),
        entrypoints: Vec::new(),
        tls_entrypoints: Vec::new(),
        bind_root: None,
        restrictions: None,
    };
    let (stack, notes) = loaded.to_stack(&context).unwrap();
    assert_eq!(notes, []);
    let routes: Vec<String> = stack.routes.iter().map(ToString::to_string).collect();
    assert_eq!(routes, ["api.shop.localhost", "shop.localhost"]);
    assert_eq!((stack.configs.len(), stack.secrets.len()), (1, 1));
    assert_eq!(stack.volumes(&context.stack), ["shop_orders"]);
}
