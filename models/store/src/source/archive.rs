//! Single files out of an archive, into memory: nothing is unpacked to disk, so an archive's paths
//! and links have no power.

use std::io::{Cursor, Read};

use flate2::read::GzDecoder;

/// A member is at most this large once unpacked.
const MEMBER_LIMIT: u64 = 512 << 20;

/// `members` of an npm package, in the order asked.
pub fn from_tar_gz(archive: &[u8], members: &[String]) -> Result<Vec<Vec<u8>>, String> {
    let broken = |error| format!("the archive cannot be read: {error}");
    let mut found: Vec<Option<Vec<u8>>> = vec![None; members.len()];
    let mut archive = tar::Archive::new(GzDecoder::new(archive));
    for entry in archive.entries().map_err(broken)? {
        let entry = entry.map_err(broken)?;
        let path = entry.path().map_err(broken)?.into_owned();
        let wanted = members
            .iter()
            .position(|member| path.to_str() == Some(member));
        if let Some(index) = wanted
            && entry.header().entry_type().is_file()
        {
            found[index] = Some(limited(entry, &members[index])?);
        }
        if found.iter().all(Option::is_some) {
            break;
        }
    }
    let complete = found.into_iter().zip(members);
    complete
        .map(|(bytes, member)| bytes.ok_or_else(|| format!("the archive has no {member}")))
        .collect()
}

/// `members` of a wheel, in the order asked.
pub fn from_zip(archive: &[u8], members: &[String]) -> Result<Vec<Vec<u8>>, String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(archive))
        .map_err(|error| format!("the archive cannot be read: {error}"))?;
    members
        .iter()
        .map(|member| {
            let file = archive.by_name(member);
            let file = file.map_err(|error| format!("{member} in the archive: {error}"))?;
            limited(file, member)
        })
        .collect()
}

fn limited(reader: impl Read, member: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    reader
        .take(MEMBER_LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("{member} cannot be read from the archive: {error}"))?;
    if bytes.len() as u64 > MEMBER_LIMIT {
        return Err(format!("{member} is larger than {MEMBER_LIMIT} bytes"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn tar_gz(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
        for (name, bytes) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, *bytes).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap()
    }

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn members_come_in_the_order_asked() {
        let archive = tar_gz(&[("package/a", b"first"), ("package/b", b"second")]);
        let files = from_tar_gz(&archive, &names(&["package/b", "package/a"])).unwrap();
        assert_eq!(files, [b"second".to_vec(), b"first".to_vec()]);
    }

    #[test]
    fn a_missing_member_is_named() {
        let archive = tar_gz(&[("package/a", b"first")]);
        let error = from_tar_gz(&archive, &names(&["package/c"])).unwrap_err();
        assert_eq!(error, "the archive has no package/c");
    }

    #[test]
    fn a_truncated_archive_is_refused() {
        let noise: Vec<u8> = (0..60_000_u32)
            .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect();
        let whole = tar_gz(&[("package/a", &noise)]);
        let error = from_tar_gz(&whole[..whole.len() / 2], &names(&["package/a"])).unwrap_err();
        assert!(error.contains("cannot be read"), "{error}");
        assert!(from_tar_gz(&[], &names(&["package/a"])).is_err());
        assert!(from_zip(&whole[..100], &names(&["a"])).is_err());
    }

    #[test]
    fn a_wheel_gives_its_member_and_a_cut_wheel_none() {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file("pkg/model.onnx", options).unwrap();
        writer.write_all(&[7; 5000]).unwrap();
        let wheel = writer.finish().unwrap().into_inner();
        let files = from_zip(&wheel, &names(&["pkg/model.onnx"])).unwrap();
        assert_eq!(files, [vec![7; 5000]]);
        assert!(from_zip(&wheel, &names(&["pkg/other"])).is_err());
        assert!(from_zip(&wheel[..wheel.len() - 10], &names(&["pkg/model.onnx"])).is_err());
    }
}
