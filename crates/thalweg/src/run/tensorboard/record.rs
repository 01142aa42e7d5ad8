//! A record of an event file: TFRecord's frame.

/// Added to a checksum after it was turned, so that checksums of checksums stay apart.
const MASK_DELTA: u32 = 0xa282_ead8;

/// The bytes of a record.
///
/// ```text
/// length as u64, masked checksum of these 8 bytes, data, masked checksum of the data       all little-endian
/// masked = (crc32c >> 15 | crc32c << 17) + 0xa282ead8
/// ```
pub(super) fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let mut bytes = Vec::with_capacity(data.len() + 16);
    bytes.extend_from_slice(&length);
    bytes.extend_from_slice(&masked(&length).to_le_bytes());
    bytes.extend_from_slice(data);
    bytes.extend_from_slice(&masked(data).to_le_bytes());
    bytes
}

fn masked(data: &[u8]) -> u32 {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(MASK_DELTA)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_its_frame() {
        // The checksum of "123456789" is the published check value of CRC-32C.
        assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283);
        let bytes = record(b"123456789");
        assert_eq!(bytes.len(), 8 + 4 + 9 + 4);
        assert_eq!(bytes[..8], [9, 0, 0, 0, 0, 0, 0, 0]);
        let check = 0xe306_9283_u32.rotate_right(15).wrapping_add(0xa282_ead8);
        assert_eq!(bytes[21..], check.to_le_bytes());
    }
}
