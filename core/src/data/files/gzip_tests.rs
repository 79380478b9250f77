use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use crate::data::files::LIMITS;

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn unpacked_within(limits: Limits, packed: &[u8]) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    unpack(packed, packed.len() as u64, limits)?.read_to_end(&mut bytes).unwrap();
    Ok(bytes)
}

#[test]
fn members_follow_each_other_and_what_is_behind_them_is_none() {
    let two = [packed(b"one "), packed(b"two")].concat();
    assert_eq!(unpacked_within(LIMITS, &two).unwrap(), b"one two");
    assert_eq!(unpacked_within(LIMITS, &[&two[..], &[0; 512]].concat()).unwrap(), b"one two", "padded to a block");
    let large: Vec<u8> = (0..300_000u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    assert_eq!(unpacked_within(LIMITS, &packed(&large)).unwrap(), large);
}

#[test]
fn damage_and_bombs_are_refused_in_words() {
    let sound = packed(b"some text that is long enough to be cut");
    for length in [4, 12, sound.len() - 9, sound.len() - 1] {
        assert_eq!(unpacked_within(LIMITS, &sound[..length]).unwrap_err(), "is cut off", "{length}");
    }
    let mut wrong = sound;
    let checksum = wrong.len() - 8;
    wrong[checksum] ^= 1;
    let refused = unpacked_within(LIMITS, &wrong).unwrap_err();
    assert!(refused.starts_with("is not a readable gzip archive: ") && !refused.contains('\n'), "{refused}");

    let bomb = packed(&vec![0; 1 << 20]);
    let strict = Limits { ratio_free_bytes: 1 << 19, ..LIMITS };
    let refused = unpacked_within(strict, &bomb).unwrap_err();
    assert!(refused.ends_with("as no pictures do"), "{refused}");
    assert_eq!(unpacked_within(LIMITS, &bomb).unwrap().len(), 1 << 20, "a drawing packs well");
    let small = Limits { total_bytes: 1 << 19, ..LIMITS };
    let refused = unpacked_within(small, &bomb).unwrap_err();
    assert!(refused.ends_with("more than 524288 are refused"), "{refused}");
}
