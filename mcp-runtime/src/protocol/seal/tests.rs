use std::time::Duration;

use super::{Binding, KeyError, KeyRing, MAX_SEALED, Purpose, SealError};

const NOW: u64 = 1_790_000_000_000;
const TTL: Duration = Duration::from_secs(900);

const BINDING: Binding<'static> = Binding {
    purpose: Purpose::RequestState,
    method: "tools/call",
    target: "deploy",
    params: Some([7; 32]),
    principal: Some("https://issuer.example|alice"),
};

fn ring() -> KeyRing {
    KeyRing::new([1; 32])
}

fn sealed(plain: &[u8]) -> String {
    ring().seal(plain, &BINDING, NOW, TTL).expect("short enough")
}

#[test]
fn what_was_sealed_opens() {
    for plain in [&b""[..], b"x", b"{\"journal\":[]}", &[0; 40_000]] {
        let opened = ring().open(&sealed(plain), &BINDING, NOW + 1).expect("just sealed");
        assert_eq!((opened.plain.as_slice(), opened.issued_at_ms), (plain, NOW));
    }
    assert_ne!(sealed(b"x"), sealed(b"x"), "nonces are random");
    let random = KeyRing::random().expect("randomness");
    let state = random.seal(b"x", &BINDING, NOW, TTL).expect("short enough");
    assert!(random.clone().open(&state, &BINDING, NOW).is_ok());
    assert!(matches!(ring().open(&state, &BINDING, NOW), Err(SealError::UnknownKey { .. })));
}

#[test]
fn every_changed_character_is_refused() {
    let sealed = sealed(b"state").into_bytes();
    for index in 0..sealed.len() {
        for change in [1, 2, 4, 8, 16, 32, 64] {
            let mut changed = sealed.clone();
            changed[index] ^= change;
            let Ok(changed) = String::from_utf8(changed) else { continue };
            assert!(ring().open(&changed, &BINDING, NOW).is_err(), "byte {index} ^ {change}");
        }
    }
}

#[test]
fn every_part_of_the_binding_counts() {
    let sealed = sealed(b"state");
    for (part, other) in [
        ("purpose", Binding { purpose: Purpose::Other, ..BINDING }),
        ("method", Binding { method: "prompts/get", ..BINDING }),
        ("target", Binding { target: "destroy", ..BINDING }),
        ("boundary", Binding { method: "tools/calld", target: "eploy", ..BINDING }),
        ("params", Binding { params: Some([8; 32]), ..BINDING }),
        ("no params", Binding { params: None, ..BINDING }),
        ("principal", Binding { principal: Some("https://issuer.example|bob"), ..BINDING }),
        ("no principal", Binding { principal: None, ..BINDING }),
        ("empty principal", Binding { principal: Some(""), ..BINDING }),
    ] {
        let refused = ring().open(&sealed, &other, NOW);
        assert!(matches!(refused, Err(SealError::Tampered)), "{part}: {refused:?}");
    }
    let nobody = Binding { principal: None, ..BINDING };
    let state = ring().seal(b"", &nobody, NOW, TTL).expect("short enough");
    assert!(ring().open(&state, &Binding { principal: Some(""), ..BINDING }, NOW).is_err());
}

#[test]
fn time() {
    let sealed = sealed(b"state");
    let open = |now| ring().open(&sealed, &BINDING, now);
    let expiry = NOW + 900_000;
    assert!(open(expiry - 1).is_ok());
    assert!(matches!(open(expiry), Err(SealError::Expired { by_ms: 0 })));
    assert!(matches!(open(u64::MAX), Err(SealError::Expired { .. })));
    // A clock that is a little behind is tolerated, one that is far behind is not.
    assert!(open(NOW - 30_000).is_ok());
    assert!(matches!(open(NOW - 30_001), Err(SealError::Future { by_ms: 30_001 })));
    assert!(matches!(open(0), Err(SealError::Future { .. })));

    let forever = ring().seal(b"", &BINDING, NOW, Duration::MAX).expect("short enough");
    assert!(ring().open(&forever, &BINDING, u64::MAX - 1).is_ok());
    let at_once = ring().seal(b"", &BINDING, NOW, Duration::ZERO).expect("short enough");
    assert!(ring().open(&at_once, &BINDING, NOW).is_err());
}

#[test]
fn a_rotated_key_opens_until_it_is_dropped() {
    let old = sealed(b"state");
    let rotated = KeyRing::new([2; 32]).and_older([3; 32]).and_older([1; 32]);
    assert!(rotated.open(&old, &BINDING, NOW).is_ok());
    let new = rotated.seal(b"state", &BINDING, NOW, TTL).expect("short enough");
    assert!(matches!(ring().open(&new, &BINDING, NOW), Err(SealError::UnknownKey { .. })));
    let dropped = KeyRing::new([2; 32]);
    assert!(dropped.open(&new, &BINDING, NOW).is_ok());
    assert!(matches!(dropped.open(&old, &BINDING, NOW), Err(SealError::UnknownKey { .. })));
}

#[test]
fn truncated_too_long_and_nothing() {
    let sealed = sealed(b"state");
    for end in 0..sealed.len() {
        assert!(ring().open(&sealed[..end], &BINDING, NOW).is_err(), "{end} characters");
    }
    for malformed in ["", "A", "AQ", "not base64!", "é", &"A".repeat(100), &format!("{sealed}=")] {
        let refused = ring().open(malformed, &BINDING, NOW);
        assert!(matches!(refused, Err(SealError::Malformed)), "{malformed}: {refused:?}");
    }
    let long = "A".repeat(MAX_SEALED + 1);
    let refused = ring().open(&long, &BINDING, NOW);
    assert!(matches!(refused, Err(SealError::TooLong { length }) if length == MAX_SEALED + 1));
    let refused = ring().seal(&vec![0; MAX_SEALED], &BINDING, NOW, TTL);
    assert!(matches!(refused, Err(SealError::TooLong { .. })));
    // Whatever is sealed can be opened: the two limits are the same.
    let longest = (0..MAX_SEALED)
        .rev()
        .find_map(|length| ring().seal(&vec![0; length], &BINDING, NOW, TTL).ok());
    assert!(ring().open(&longest.expect("some length fits"), &BINDING, NOW).is_ok());
}

#[test]
fn random_input_never_panics() {
    let mut random = Random(0x5eed);
    let reference = sealed(b"state");
    for _ in 0..20_000 {
        let length = random.below(120);
        let bytes: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
        let text = String::from_utf8_lossy(&bytes);
        assert!(ring().open(&text, &BINDING, NOW).is_err());
        let alphabet = reference.as_bytes();
        let plausible: String =
            (0..length).map(|_| alphabet[random.below(alphabet.len())] as char).collect();
        let cut = random.below(reference.len());
        assert!(ring().open(&plausible, &BINDING, NOW).is_err());
        // Chance may complete it as it was.
        let forged = format!("{}{plausible}", &reference[..cut]);
        assert!(forged == reference || ring().open(&forged, &BINDING, NOW).is_err());
    }
}

#[test]
fn keys_in_base64() {
    let ring = KeyRing::from_base64("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=").expect("a key");
    assert!(ring.open(&sealed(b""), &BINDING, NOW).is_ok());
    let two = " __________________________________________8 ,AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE ";
    let ring = KeyRing::from_base64(two).expect("both alphabets, with and without padding");
    assert!(ring.open(&sealed(b""), &BINDING, NOW).is_ok());
    let new = ring.seal(b"", &BINDING, NOW, TTL).expect("short enough");
    assert!(KeyRing::new([0xff; 32]).open(&new, &BINDING, NOW).is_ok());

    assert!(matches!(KeyRing::from_base64(""), Err(KeyError::Empty { position: 1 })));
    assert!(matches!(
        KeyRing::from_base64("c2hvcnQ="),
        Err(KeyError::Length { position: 1, length: 5 })
    ));
    assert!(matches!(
        KeyRing::from_base64(&format!("{two},hunter2!")),
        Err(KeyError::Base64 { position: 3 })
    ));
    assert!(matches!(
        KeyRing::from_base64(&format!("{two},")),
        Err(KeyError::Empty { position: 3 })
    ));
}

#[test]
fn no_message_shows_a_key() {
    let secret: [u8; 32] = std::array::from_fn(|index| 0xa0 + index as u8 % 16);
    let shown = format!("{:?}", KeyRing::new(secret).and_older(secret));
    assert_eq!(shown.len(), "[0123456789abcdef, 0123456789abcdef]".len(), "{shown}");
    assert!(!shown.contains("a0a1"), "{shown}");
    let error = KeyRing::from_base64("hunter2!").expect_err("not base64");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    // `main` prints the `Debug` of what it returns.
    assert_eq!(format!("{error:?}"), error.to_string());
}

/// xorshift64*: the same inputs on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 33) as usize % limit
    }
}
