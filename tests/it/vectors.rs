//! Signatures made by independent code: those of the four providers, and the published ones of five
//! public schemes, which prove that the language of definitions is general.

use std::path::Path;

use webhook_cli::provider::{Catalogue, ProofTier, Provider, read_vectors};

/// Checks every vector of every provider below `folder`; returns how many there were.
fn check_folder(folder: &Path) -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if !path.join("provider.json").is_file() {
            continue;
        }
        let provider = Provider::read(&path).unwrap();
        for vector in read_vectors(&path).unwrap() {
            let checked = vector.check(&provider.scheme);
            assert_eq!(checked, Ok(()), "{}: {}", provider.name(), vector.name);
            count += 1;
        }
    }
    count
}

#[test]
fn the_four_providers_agree_with_independent_signatures() {
    let count = check_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"));
    assert!(count >= 48, "only {count} vectors");
}

#[test]
fn the_vendors_agree_with_independent_signatures() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/vendors");
    let vendors = std::fs::read_dir(&folder).unwrap().count();
    let count = check_folder(&folder);
    assert!(
        count >= 4 * vendors,
        "only {count} vectors of {vendors} vendors"
    );
}

#[test]
fn who_is_proven_by_published_signatures_has_some() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let catalogue = Catalogue::builtin();
    let proven = catalogue
        .iter()
        .filter(|one| one.definition.proof == ProofTier::Vectors);
    let mut count = 0;
    for provider in proven {
        let places = [root.join("vendors"), root.clone()].map(|it| it.join(provider.name()));
        let folder = places.iter().find(|it| it.is_dir()).expect("a folder");
        let vectors = read_vectors(folder).expect("vectors");
        let is_published = |name: &str| name.starts_with("published");
        let name = provider.name();
        assert!(vectors.iter().any(|it| is_published(&it.name)), "{name}");
        count += 1;
    }
    assert!(count > 0);
}

/// Those of webhooks are with the vendor's; these are of requests, which cover no body.
#[test]
fn the_published_http_message_signatures_of_requests_are_judged_as_they_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/adcp-requests");
    let provider = Provider::read(&folder).unwrap();
    let vectors = read_vectors(&folder).unwrap();
    assert!(vectors.len() >= 33, "only {} vectors", vectors.len());
    for vector in vectors {
        let checked = vector.check(&provider.scheme);
        assert_eq!(checked, Ok(()), "{}", vector.name);
    }
}

#[test]
fn five_public_schemes_need_no_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/definitions");
    let count = check_folder(&folder);
    assert!(count >= 50, "only {count} vectors");
}
