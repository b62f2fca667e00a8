use super::*;

fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("idproof.toml");
    std::fs::write(&path, text).unwrap();
    let environment = environment
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    Config::load(Some(&path), &environment).map_err(|e| e.to_string())
}

#[test]
fn an_empty_file_is_the_default() {
    assert_eq!(load("", &[]).unwrap(), Config::default());
}

#[test]
fn the_environment_wins_over_the_file() {
    let text = "[decoder]\ntime_limit_s = 10\n[models]\nnetwork = true\n";
    let config = load(
        text,
        &[
            ("IDPROOF_DECODER_TIME_LIMIT_S", "20"),
            ("IDPROOF_MODELS_NETWORK", "false"),
            ("IDPROOF_HTTP_LISTEN", "127.0.0.1:1"),
            ("IDPROOF_HTTP_METRICS_LISTEN", ""),
            ("IDPROOF_ENROLMENT_DOCUMENTS", "fr_passport, fr_card"),
            ("IDPROOF_VAULT_STORE_KIND", "local"),
            ("IDPROOF_VAULT_STORE_DIR", "/srv/media"),
            ("IDPROOF_VAULT_KEYS_ROOT_ENV", "IDPROOF_MY_ROOT"),
            ("IDPROOF_MY_ROOT", "AAAA"),
            ("IDPROOF_LETTER_TEXT_SENDER", "Me"),
            ("IDPROOF_DECIDE_REVIEW", "every-case"),
            ("IDPROOF_CAPTURE_GLARE_MAX", "0.1"),
        ],
    )
    .unwrap();
    assert_eq!(config.decoder.time_limit_s, 20);
    assert!(!config.models.network);
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:1");
    assert_eq!(config.http.metrics_listen, None);
    assert_eq!(config.enrolment.documents.len(), 2);
    assert_eq!(
        config.vault.keys.root,
        RootSource::Env("IDPROOF_MY_ROOT".into())
    );
    assert_eq!(config.letter.text.sender, "Me");
    assert_eq!(config.decide.review, idproof_domain::ReviewMode::EveryCase);
    assert!((config.capture.glare_max - 0.1).abs() < 1e-9);
    let idproof_vault::StoreConfig::Local(store) = &config.vault.store else {
        panic!("{:?}", config.vault.store);
    };
    assert_eq!(store.dir, std::path::Path::new("/srv/media"));
}

#[test]
fn mistakes_are_named_with_key_and_allowed_values() {
    for (text, environment, expected) in [
        (
            "[decoder]\ntime_limit_s = 0",
            None,
            "`decoder.time_limit_s` is 0; it must lie in 1 to 600",
        ),
        ("[verify]\ntime_zone = 'Mars/Base'", None, "IANA zone"),
        (
            "[models]\nmirror = '/nowhere/at/all'",
            None,
            "`models.mirror`",
        ),
        ("[modells]", None, "unknown field `modells`"),
        ("[models]\nspeach = 'x'", None, "unknown field `speach`"),
        (
            "[worker]\nanalyses = 0",
            None,
            "`worker.analyses` is 0; it must lie in 1 to 64",
        ),
        ("[worker]\nlease_s = 1", None, "`worker.lease_s`"),
        ("[http]\npublic_url = 'x'", None, "`http.public_url`"),
        ("[letter]\ncarrier = 'pigeon'", None, "pigeon"),
        (
            "[vault.store]\nkind = 's3'\nbucket = 'b'",
            None,
            "`vault.store.bucket`",
        ),
        ("[log]\ntraces = 'collector'", None, "`log.traces`"),
        (
            "",
            Some(("IDPROOF_MODELS_DRI", "x")),
            "IDPROOF_MODELS_DRI: no such setting",
        ),
        (
            "",
            Some(("IDPROOF_DECODER_TIME_LIMIT_S", "soon")),
            "IDPROOF_DECODER_TIME_LIMIT_S: it must be a whole number",
        ),
    ] {
        let error = load(text, environment.as_slice()).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn an_error_shows_no_line_of_the_file() {
    let error = load("[mail]\npassword = hunter2 secret", &[]).unwrap_err();
    assert!(!error.contains("hunter2"), "{error}");
    assert!(error.contains("line 2"), "{error}");
}

#[test]
fn no_two_settings_share_a_variable() {
    let (_, settings) = settings::all();
    let mut names: Vec<String> = settings.iter().filter_map(|s| s.variable()).collect();
    let count = names.len();
    assert!(count > 100, "only {count} settings were found");
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn every_setting_says_what_it_means() {
    let (_, settings) = settings::all();
    for setting in settings {
        assert!(!setting.meaning.is_empty(), "{:?}", setting.path);
    }
}

/// The file, uncommented, is the default; but for the vault, where it shows alternatives.
#[test]
fn the_example_file_holds_the_defaults() {
    let mut text = String::new();
    let mut alternatives = false;
    for line in example().lines().filter(|l| !l.contains("(not set)")) {
        let bare = line.strip_prefix("# ").unwrap_or(line);
        if bare.starts_with('[') {
            alternatives = bare.starts_with("[vault.");
        }
        if alternatives {
            continue;
        }
        if bare.starts_with('[') || bare.contains(" = ") {
            text.push_str(bare);
            text.push('\n');
        }
    }
    let config: Config = toml::from_str(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    assert_eq!(config.http, Config::default().http);
    assert_eq!(config.worker, Config::default().worker);
    assert_eq!(config.mail, Config::default().mail);
}

/// Each analysis gets its 640 MiB, or it waits for its turn.
#[test]
fn as_many_analyses_run_at_once_as_memory_and_their_number_allow() {
    for (memory_mib, analyses, slots) in [
        (640, 4, 1),
        (1279, 4, 1),
        (1280, 4, 2),
        (2560, 4, 4),
        (1_048_576, 4, 4),
        (1_048_576, 1, 1),
    ] {
        let worker = WorkerConfig {
            memory_mib,
            analyses,
            ..WorkerConfig::default()
        };
        assert_eq!(worker.slots(), slots, "{memory_mib} MiB, {analyses}");
    }
}

#[test]
fn the_page_and_the_example_are_those_of_the_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (file, made) in [
        ("docs/configuration.md", page()),
        ("idproof.example.toml", example()),
    ] {
        let path = root.join(file);
        if std::env::var_os("UPDATE_SNAPSHOT").is_some() {
            std::fs::write(&path, &made).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == made,
            "{file} is stale: run this test with UPDATE_SNAPSHOT=1 and commit the file"
        );
    }
}
