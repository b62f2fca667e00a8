use idproof_inference::*;
use idproof_ports::*;
use std::path::*;
use std::time::Instant;
fn load(p: &Path) -> RgbImage {
    let i = ::image::open(p).unwrap().to_rgb8();
    RgbImage::from_raw(i.width(), i.height(), i.into_raw()).unwrap()
}
fn mf(n: &str) -> ModelFile {
    ModelFile {
        identity: ModelIdentity {
            name: n.into(),
            version: "".into(),
            sha256: "".into(),
        },
        bytes: std::fs::read(format!("/work/main/var/models/{n}.onnx")).unwrap(),
    }
}
fn main() {
    let rt = Runtime::load(Path::new("/work/main/var/models/libonnxruntime.so")).unwrap();
    let mut f = face::BlazeFaceFinder::new(&rt, &mf("blazeface")).unwrap();
    let mut l = face::Landmarks68::new(&rt, &mf("face_landmarks_68")).unwrap();
    let mut e = face::DlibEmbedder::new(&rt, &mf("face_recognition")).unwrap();
    let mut v = face::MiniFasPair::new(
        &rt,
        &mf("minifasnet_v2_2.7_80"),
        &mf("minifasnet_v1se_4.0_80"),
    )
    .unwrap();
    let mode = std::env::args().nth(1).unwrap();
    let dir = std::env::args().nth(2).unwrap();
    let mut files = vec![];
    fn walk(d: &Path, o: &mut Vec<PathBuf>) {
        for x in std::fs::read_dir(d).unwrap() {
            let p = x.unwrap().path();
            if p.is_dir() {
                walk(&p, o)
            } else if p.extension().is_some_and(|e| {
                ["jpg", "jpeg", "png"].contains(&e.to_str().unwrap().to_lowercase().as_str())
            }) {
                o.push(p)
            }
        }
    }
    walk(Path::new(&dir), &mut files);
    files.sort();
    let (mut td, mut tl, mut te) = (0., 0., 0.);
    let mut embs = vec![];
    let mut nof = 0;
    for p in &files {
        let im = load(p);
        let t = Instant::now();
        let fs = f.find(&im).unwrap();
        td += t.elapsed().as_secs_f64();
        let Some(fc) = fs.first() else {
            if mode == "find" {
                println!("{p:?} none");
            }
            nof += 1;
            println!("NOFACE {p:?}");
            continue;
        };
        let t = Instant::now();
        let lm = l.locate(&im, &fc.bounds).unwrap();
        tl += t.elapsed().as_secs_f64();
        if mode == "live" {
            println!(
                "{:.3} {:?} {:?}",
                v.live_score(&im, &fc.bounds).unwrap(),
                p.file_name().unwrap(),
                fc
            );
            let b = lm.bounds();
            println!(
                "   lm box rel: {:.2} {:.2} {:.2} {:.2}",
                (b.x - fc.bounds.x) / fc.bounds.width,
                (b.y - fc.bounds.y) / fc.bounds.height,
                b.width / fc.bounds.width,
                b.height / fc.bounds.height
            );
            continue;
        }
        if mode == "find" {
            println!(
                "{} faces {:.2} {:?} {:?}",
                fs.len(),
                fc.score,
                fc.bounds,
                p.file_name().unwrap()
            );
            continue;
        }
        // refine: second pass using landmark box
        let t = Instant::now();
        let em = e.embed(&im, &lm.five()).unwrap();
        te += t.elapsed().as_secs_f64();
        embs.push((p.parent().unwrap().to_owned(), em));
    }
    let n = files.len() as f64;
    println!(
        "{} files, {} no face; detect {:.1} ms lm {:.1} ms embed {:.1} ms",
        files.len(),
        nof,
        td / n * 1e3,
        tl / n * 1e3,
        te / n * 1e3
    );
    if mode == "faces" {
        let mut g = vec![];
        let mut im = vec![];
        for i in 0..embs.len() {
            for j in 0..i {
                let d = embs[i].1.distance(&embs[j].1);
                if embs[i].0 == embs[j].0 {
                    g.push(d)
                } else {
                    im.push(d)
                }
            }
        }
        g.sort_by(f32::total_cmp);
        im.sort_by(f32::total_cmp);
        println!("{} genuine {} impostor", g.len(), im.len());
        for fmr in [1e-2, 1e-3, 1e-4, 1e-5] {
            let t = im[(im.len() as f64 * fmr) as usize];
            let tar = g.iter().filter(|&&d| d < t).count() as f64 / g.len() as f64;
            println!("FMR {fmr}: d {t:.3} TAR {tar:.4}");
        }
        for t in [0.45, 0.5, 0.532, 0.55, 0.6, 0.65, 0.7, 0.75] {
            println!(
                "d {t}: FMR {:.2e} FNMR {:.4}",
                im.iter().filter(|&&d| d <= t).count() as f64 / im.len() as f64,
                g.iter().filter(|&&d| d > t).count() as f64 / g.len() as f64
            );
        }
    }
}
