//! Archives with checksums: made, compared, unpacked.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;

use crate::steps::Failure;

/// Packs the folder `stem` of `out` as `stem.ending` beside it, and writes `stem.ending.sha256`.
pub fn pack(out: &Path, stem: &str, ending: &str) -> Result<PathBuf, Failure> {
    let archive = out.join(format!("{stem}.{ending}"));
    let packed = if ending == "zip" { zipped(out, stem, &archive) } else { tarred(out, stem, &archive) };
    packed.map_err(|error| Failure::file("write", &archive, &error))?;
    let line = format!("{}  {}\n", checksum(&archive)?, name(&archive));
    let beside = checksum_file(&archive);
    fs::write(&beside, line).map_err(|error| Failure::file("write", &beside, &error))?;
    Ok(archive)
}

fn tarred(out: &Path, stem: &str, archive: &Path) -> io::Result<()> {
    let mut tar = tar::Builder::new(GzEncoder::new(File::create(archive)?, Compression::best()));
    // No times and owners of this machine.
    tar.mode(tar::HeaderMode::Deterministic);
    tar.append_dir_all(stem, out.join(stem))?;
    tar.into_inner()?.finish()?.sync_all()
}

fn zipped(out: &Path, stem: &str, archive: &Path) -> io::Result<()> {
    let mut zip = zip::ZipWriter::new(File::create(archive)?);
    let options =
        SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated).unix_permissions(0o755);
    for path in files(&out.join(stem))? {
        let within = path.strip_prefix(out).unwrap_or(&path);
        let within: Vec<_> = within.iter().map(|part| part.to_string_lossy()).collect();
        zip.start_file(within.join("/"), options)?;
        io::copy(&mut File::open(&path)?, &mut zip)?;
    }
    zip.finish()?.sync_all()
}

/// Every file below `folder`, in the order of their names.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    entries.sort();
    let mut found = Vec::new();
    for path in entries {
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    Ok(found)
}

/// Unpacks into `folder`; returns the folder that was packed.
pub fn unpack(archive: &Path, folder: &Path) -> Result<PathBuf, Failure> {
    let file = File::open(archive).map_err(|error| Failure::file("open", archive, &error))?;
    let is_zip = archive.extension().is_some_and(|extension| extension == "zip");
    let unpacked = if is_zip {
        zip::ZipArchive::new(file).and_then(|mut zip| zip.extract(folder)).map_err(io::Error::from)
    } else {
        tar::Archive::new(GzDecoder::new(file)).unpack(folder)
    };
    unpacked.map_err(|error| Failure::file("unpack", archive, &error))?;
    let name = name(archive);
    let stem = name.strip_suffix(".zip").or_else(|| name.strip_suffix(".tar.gz")).unwrap_or(&name);
    Ok(folder.join(stem))
}

/// Compares an archive with the checksum beside it; returns that.
pub fn verify(archive: &Path) -> Result<String, Failure> {
    let beside = checksum_file(archive);
    let line = fs::read_to_string(&beside).map_err(|error| Failure::file("read", &beside, &error))?;
    let found = format!("{}  {}", checksum(archive)?, name(archive));
    if line.trim_end() == found {
        return Ok(found);
    }
    Err(Failure::Advice(format!("{} is not what {} says", archive.display(), beside.display())))
}

fn checksum_file(archive: &Path) -> PathBuf {
    archive.with_file_name(format!("{}.sha256", name(archive)))
}

fn checksum(archive: &Path) -> Result<String, Failure> {
    let mut hash = Sha256::new();
    let hashed = File::open(archive).and_then(|mut file| io::copy(&mut file, &mut hash));
    hashed.map_err(|error| Failure::file("read", archive, &error))?;
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packs two files, and returns what comes back.
    fn round_trip(ending: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let folder = std::env::temp_dir().join(format!("l2t-archive-{ending}-{}", std::process::id()));
        let packed = folder.join("l2t-1/man");
        fs::create_dir_all(&packed).expect("a folder");
        fs::write(folder.join("l2t-1/l2t"), b"a program").expect("a file");
        fs::write(packed.join("l2t.1"), b"a page").expect("a file");
        let archive = pack(&folder, "l2t-1", ending).expect("it is packed");
        verify(&archive).expect("the checksum agrees");
        let unpacked = unpack(&archive, &folder.join("elsewhere")).expect("it is unpacked");
        let back = files(&unpacked).expect("files");
        let back = back.into_iter().map(|path| {
            let bytes = fs::read(&path).expect("a file");
            (path.strip_prefix(&unpacked).expect("it is below").to_owned(), bytes)
        });
        let back = back.collect();
        fs::write(&archive, b"something else").expect("it can be written");
        assert!(verify(&archive).is_err(), "another archive has another checksum");
        fs::remove_dir_all(&folder).expect("it can be removed");
        back
    }

    #[test]
    fn what_is_packed_comes_back() {
        let expected = [("l2t", b"a program".to_vec()), ("man/l2t.1", b"a page".to_vec())];
        for ending in ["zip", "tar.gz"] {
            assert_eq!(
                round_trip(ending),
                expected.clone().map(|(name, bytes)| (PathBuf::from(name), bytes)),
                "{ending}"
            );
        }
    }

    #[test]
    fn checksums_are_those_of_sha256sum() {
        let file = std::env::temp_dir().join(format!("l2t-sum-{}", std::process::id()));
        fs::write(&file, b"abc").expect("a file");
        let sum = checksum(&file).expect("it is read");
        fs::remove_file(&file).expect("it can be removed");
        // FIPS 180-2, appendix B.1.
        assert_eq!(sum, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
