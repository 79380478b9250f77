//! The kinds of files that people have in place of pictures and archives: what to call them, and what can be done with them.

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Jpeg,
    Png,
    Gif,
    Bmp,
    WebP,
    Tiff,
    Heic,
    Avif,
    JpegXl,
    Jpeg2000,
    Icon,
    Photoshop,
    Svg,
    /// What a camera's sensor measured, in the format of its maker or as DNG.
    CameraRaw,
    /// PNM, QOI, DDS, OpenEXR, Radiance: pictures that few people keep.
    RarePicture,
    Pdf,
    Video,
    Audio,
    Html,
    Xml,
    Zip,
    Gzip,
    Bzip2,
    Xz,
    Zstandard,
    SevenZip,
    Rar,
    Tar,
    Hdf5,
    Numpy,
    Matlab,
    Parquet,
    Sqlite,
    /// What Git keeps in place of a large file that was not fetched.
    LfsPointer,
    /// What macOS writes beside a file (`._photo.jpg`) on disks that are not its own.
    AppleDouble,
    /// Windows' compound files, such as `Thumbs.db` and old office documents.
    CompoundFile,
}

impl Kind {
    /// The kind with its article, for messages: "is {words}".
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Jpeg => "a JPEG",
            Self::Png => "a PNG",
            Self::Gif => "a GIF",
            Self::Bmp => "a BMP",
            Self::WebP => "a WebP picture",
            Self::Tiff => "a TIFF",
            Self::Heic => "a HEIC picture",
            Self::Avif => "an AVIF picture",
            Self::JpegXl => "a JPEG XL picture",
            Self::Jpeg2000 => "a JPEG 2000 picture",
            Self::Icon => "a Windows icon",
            Self::Photoshop => "a Photoshop document",
            Self::Svg => "an SVG drawing",
            Self::CameraRaw => "a camera's raw file",
            Self::RarePicture => "a picture of a rare format",
            Self::Pdf => "a PDF document",
            Self::Video => "a video",
            Self::Audio => "a sound file",
            Self::Html => "a web page",
            Self::Xml => "an XML file",
            Self::Zip => "a zip archive",
            Self::Gzip => "a gzip archive",
            Self::Bzip2 => "a bzip2 archive",
            Self::Xz => "an xz archive",
            Self::Zstandard => "a Zstandard archive",
            Self::SevenZip => "a 7z archive",
            Self::Rar => "a RAR archive",
            Self::Tar => "a tar archive",
            Self::Hdf5 => "an HDF5 file",
            Self::Numpy => "a NumPy file",
            Self::Matlab => "a MATLAB file",
            Self::Parquet => "a Parquet file",
            Self::Sqlite => "an SQLite database",
            Self::LfsPointer => "a Git LFS pointer",
            Self::AppleDouble => "a file of macOS's own",
            Self::CompoundFile => "a Windows compound file",
        }
    }

    /// What to do with a file of this kind that stands where a picture is wanted; `None` where only removing it helps.
    pub(super) fn advice(self) -> Option<&'static str> {
        match self {
            kind if kind.is_picture() => Some("save it as JPEG or PNG"),
            Self::Pdf | Self::Video => Some("save pictures of it as JPEG or PNG"),
            Self::Html => Some("download it again"),
            Self::LfsPointer => Some("run `git lfs pull` where it came from"),
            kind if kind.is_archive() => Some("unpack it"),
            _ => None,
        }
    }

    /// Whether other files are packed in it.
    pub(super) fn is_archive(self) -> bool {
        matches!(
            self,
            Self::Zip | Self::Gzip | Self::Bzip2 | Self::Xz | Self::Zstandard | Self::SevenZip | Self::Rar | Self::Tar
        )
    }

    /// Whether data sets are read out of it; tar and gzip would cost the page more than they are worth there.
    pub(super) fn is_opened(self) -> bool {
        self == Self::Zip || (cfg!(not(target_family = "wasm")) && matches!(self, Self::Tar | Self::Gzip))
    }

    /// Whether people and programs put such files beside pictures, so that nobody misses them among these.
    pub(super) fn is_companion(self) -> bool {
        matches!(
            self,
            Self::Pdf
                | Self::Html
                | Self::Xml
                | Self::Hdf5
                | Self::Numpy
                | Self::Matlab
                | Self::Parquet
                | Self::Sqlite
                | Self::AppleDouble
                | Self::CompoundFile
        )
    }

    /// What stands in a message behind the name of a file that should hold numbers and is of this kind, where a download
    /// went wrong.
    pub(super) fn went_wrong(self) -> Option<String> {
        let advice = self.advice().filter(|_| matches!(self, Self::Html | Self::LfsPointer));
        advice.map(|advice| format!("is {}: {advice}", self.words()))
    }

    /// Whether it is a still picture, read or not: where it is not read, its owner expects to hear of it.
    pub(super) fn is_picture(self) -> bool {
        self.is_read()
            || matches!(
                self,
                Self::WebP
                    | Self::Tiff
                    | Self::Heic
                    | Self::Avif
                    | Self::JpegXl
                    | Self::Jpeg2000
                    | Self::Icon
                    | Self::Photoshop
                    | Self::Svg
                    | Self::CameraRaw
                    | Self::RarePicture
            )
    }

    /// Whether pictures of this kind are decoded.
    ///
    /// On the page, WebP is not: its decoder would add 37 kB to a program that is loaded before it is used (measured
    /// packed, as it is sent; GIF and BMP are 10 and 8 kB).
    pub(super) fn is_read(self) -> bool {
        let is_decoded_here = self != Self::WebP || cfg!(not(target_family = "wasm"));
        is_decoded_here && matches!(self, Self::Jpeg | Self::Png | Self::Gif | Self::Bmp | Self::WebP)
    }

    /// The picture that the ending of `name` promises.
    pub(super) fn promised_by(name: &str) -> Option<Self> {
        let (_, ending) = name.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "jpg" | "jpeg" | "jpe" | "jfif" | "jfi" | "jif" | "jpeg_large" | "jpg_large" => Some(Self::Jpeg),
            "png" | "apng" => Some(Self::Png),
            "gif" => Some(Self::Gif),
            "bmp" | "dib" => Some(Self::Bmp),
            "webp" => Some(Self::WebP),
            "tif" | "tiff" => Some(Self::Tiff),
            "heic" | "heif" | "hif" => Some(Self::Heic),
            "avif" => Some(Self::Avif),
            "jxl" => Some(Self::JpegXl),
            "jp2" | "j2k" | "jpx" => Some(Self::Jpeg2000),
            "ico" => Some(Self::Icon),
            "psd" => Some(Self::Photoshop),
            "svg" => Some(Self::Svg),
            "dng" | "cr2" | "cr3" | "nef" | "arw" | "raf" | "orf" | "rw2" => Some(Self::CameraRaw),
            "ppm" | "pgm" | "pbm" | "pnm" | "qoi" | "exr" | "dds" => Some(Self::RarePicture),
            _ => None,
        }
    }
}

/// Why a file of this kind is not read, and what to do.
pub(super) fn refusal(kind: Kind) -> String {
    let what = if kind.is_picture() { "which is not read" } else { "not an image" };
    let advice = kind.advice().map(|advice| format!(": {advice}")).unwrap_or_default();
    format!("is {}, {what}{advice}", kind.words())
}
