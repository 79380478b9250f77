//! From a drawing to its files on a disk.

use std::path::Path;

use l2t_core::Result;
use l2t_core::whole_file::write_whole;

use super::drawing::Drawing;
use super::explained;
use crate::colours::Ground;

impl Drawing {
    /// `<stem>.svg` and `<stem>.png` in memory.
    ///
    /// # Errors
    /// When it cannot be drawn.
    pub fn files(&self, stem: &str) -> Result<Vec<(String, Vec<u8>)>> {
        let name = format!("{stem}.png");
        let png = self.png(Ground::Light).map_err(|error| explained(name.as_ref(), error))?;
        Ok(vec![(format!("{stem}.svg"), self.svg().into_bytes()), (name, png)])
    }

    /// Writes both into `folder`, which must exist, each whole or not at all.
    ///
    /// # Errors
    /// Names the file that cannot be written.
    pub fn write(&self, folder: &Path, stem: &str) -> Result<()> {
        self.files(stem)?.iter().try_for_each(|(name, contents)| write_whole(&folder.join(name), contents))
    }

    /// Writes the PNG file `path` alone: for pictures of pixels.
    ///
    /// # Errors
    /// Names the file.
    pub fn write_png(&self, path: &Path) -> Result<()> {
        write_whole(path, &self.png(Ground::Light).map_err(|error| explained(path, error))?)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn blank() -> Drawing {
        Drawing::new(30.0).ending_at(0.0)
    }

    #[test]
    fn a_dot_in_the_stem_stays_and_no_temporary_file_does() {
        let folder = tempfile::tempdir().unwrap();
        // What a killed program left goes, too.
        fs::write(folder.path().join(".beta-0.5.png.abcdefgh.partial"), "half").unwrap();
        blank().write(folder.path(), "beta-0.5").unwrap();
        let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["beta-0.5.png", "beta-0.5.svg"]);
        let png = image::open(folder.path().join("beta-0.5.png")).unwrap();
        assert_eq!((png.width(), png.height()), (60, 44));
    }

    #[test]
    fn an_error_names_the_file_once() {
        let folder = tempfile::tempdir().unwrap();
        let error = blank().write(&folder.path().join("missing"), "curves").unwrap_err().to_string();
        assert!(error.contains("curves.svg: cannot be written: "), "{error}");
        assert_eq!(error.matches("curves").count(), 1, "{error}");
        let wide = Drawing::new(40_000.0).ending_at(0.0);
        let error = wide.write_png(&folder.path().join("wide.png")).unwrap_err().to_string();
        assert!(error.contains("wide.png: cannot be drawn: 80000 pixels are too wide"), "{error}");
    }
}
