//! State that travels through the client and must come back unchanged: `requestState` of multi round-trip requests
//! (2026-07-28, Multi Round-Trip Requests, Server Requirements).
//!
//! XChaCha20-Poly1305 under a key derived per purpose. The wire form is URL-safe base64 without padding of
//!
//! ```text
//! version (1) | key id (8) | nonce (24) | encrypted: issued at (8) | expires at (8) | payload | tag (16)
//! ```
//!
//! What the state is bound to ([`Binding`]) is associated data: it costs no space and a state that is presented with
//! another request, or by somebody else, does not open. Nothing here makes a state usable only once; that takes a store.

use std::fmt;
use std::time::Duration;

use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, URL_SAFE_NO_PAD};
use base64::engine::{DecodePaddingMode, Engine as _};
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use sha2::{Digest as _, Sha256};

mod digest;
#[cfg(test)]
mod tests;

pub(crate) use self::digest::digest_params;

/// The longest sealed text, in bytes, that is made or looked at (P11).
pub(crate) const MAX_SEALED: usize = 64 * 1024;

/// How far the clock of the replica that sealed may be ahead of the one that opens.
const SKEW_MS: u64 = 30_000;

const VERSION: u8 = 1;
const KEY_ID: usize = 8;
const HEAD: usize = 1 + KEY_ID;
const NONCE: usize = 24;
const TIMES: usize = 16;
const TAG: usize = 16;

/// Whoever generates keys uses the alphabet that is at hand: `openssl rand -base64 32` prints the standard one.
const KEY_TEXT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The secrets that protect the state which a server hands to its clients.
///
/// The first key seals; every key opens. Give all replicas of a server the same ring, and any of them can take up what
/// another one began. To rotate, add the new key to all as an older one, put it first when all have it, and keep the old one for
/// as long as state may be outstanding (15 minutes for `requestState`):
///
/// ```
/// # use mcp_runtime::KeyRing;
/// # let (new, old) = ([1; 32], [2; 32]);
/// let ring = KeyRing::new(new).and_older(old);
/// ```
#[derive(Clone)]
pub struct KeyRing {
    current: Key,
    older: Vec<Key>,
}

impl KeyRing {
    /// A ring of one key that exists in this process only: what it seals does not survive a restart and cannot be opened
    /// by another replica.
    ///
    /// # Errors
    ///
    /// [`KeyError::Random`] if the operating system has no randomness to give.
    pub fn random() -> Result<Self, KeyError> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(KeyError::Random)?;
        Ok(Self::new(secret))
    }

    /// A ring of one key: 32 bytes from a cryptographic random generator, not a password.
    #[must_use]
    pub fn new(current: [u8; 32]) -> Self {
        Self { current: Key::new(current), older: Vec::new() }
    }

    /// Adds a key that no longer seals but still opens.
    #[must_use]
    pub fn and_older(mut self, key: [u8; 32]) -> Self {
        self.older.push(Key::new(key));
        self
    }

    /// The ring in a configuration value: one or more keys of 32 bytes in base64, separated by commas, the current one
    /// first. Both alphabets are read, with or without padding; `openssl rand -base64 32` makes a key.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if a key is missing, is not base64, or has not 32 bytes. The message never quotes the text.
    pub fn from_base64(keys: &str) -> Result<Self, KeyError> {
        let mut secrets = keys.split(',').enumerate().map(|(index, text)| {
            let position = index + 1;
            let text = text.trim().replace('-', "+").replace('_', "/");
            if text.is_empty() {
                return Err(KeyError::Empty { position });
            }
            let bytes = KEY_TEXT.decode(text).map_err(|_| KeyError::Base64 { position })?;
            let length = bytes.len();
            <[u8; 32]>::try_from(bytes).map_err(|_| KeyError::Length { position, length })
        });
        let current = secrets.next().ok_or(KeyError::Empty { position: 1 })??;
        secrets.try_fold(Self::new(current), |ring, secret| Ok(ring.and_older(secret?)))
    }

    /// Seals `plain` for whoever presents it together with the same `binding` within `ttl`.
    ///
    /// # Errors
    ///
    /// [`SealError::TooLong`] if the result would exceed [`MAX_SEALED`], [`SealError::Random`] if there is no nonce.
    pub(crate) fn seal(
        &self,
        plain: &[u8],
        binding: &Binding<'_>,
        now_ms: u64,
        ttl: Duration,
    ) -> Result<String, SealError> {
        // Before anything is copied: what a handler journals may be of any size.
        let bytes = HEAD + NONCE + TIMES + plain.len() + TAG;
        let length = bytes.div_ceil(3).saturating_mul(4);
        if length > MAX_SEALED {
            return Err(SealError::TooLong { length });
        }
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(SealError::Random)?;

        let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        let mut content = Vec::with_capacity(TIMES + plain.len());
        content.extend_from_slice(&now_ms.to_be_bytes());
        content.extend_from_slice(&now_ms.saturating_add(ttl_ms).to_be_bytes());
        content.extend_from_slice(plain);

        let mut sealed = Vec::with_capacity(bytes);
        sealed.push(VERSION);
        sealed.extend_from_slice(&self.current.id);
        let aad = binding.associated_data(&sealed);
        let encrypted = self
            .current
            .cipher(binding.purpose)
            .encrypt(&XNonce::from(nonce), Payload { msg: &content, aad: &aad })
            // Only a message of 256 GiB fails.
            .map_err(|_| SealError::TooLong { length })?;
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&encrypted);
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Opens what [`seal`](Self::seal) made under any key of the ring.
    ///
    /// # Errors
    ///
    /// A [`SealError`] for the log. Answer the client with [`Purpose::refusal`], whatever the error is.
    pub(crate) fn open(
        &self,
        sealed: &str,
        binding: &Binding<'_>,
        now_ms: u64,
    ) -> Result<Opened, SealError> {
        if sealed.len() > MAX_SEALED {
            return Err(SealError::TooLong { length: sealed.len() });
        }
        let bytes = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| SealError::Malformed)?;
        let (head, rest) = bytes.split_first_chunk::<HEAD>().ok_or(SealError::Malformed)?;
        let (nonce, encrypted) = rest.split_first_chunk::<NONCE>().ok_or(SealError::Malformed)?;
        let [version, id @ ..] = head;
        if *version != VERSION || encrypted.len() < TIMES + TAG {
            return Err(SealError::Malformed);
        }

        let aad = binding.associated_data(head);
        let mut error = SealError::UnknownKey { id: *id };
        // Key ids are short, so that two keys of a ring may share one: the right key is the one that opens.
        for key in self.keys().filter(|key| key.id == *id) {
            let cipher = key.cipher(binding.purpose);
            match cipher.decrypt(&XNonce::from(*nonce), Payload { msg: encrypted, aad: &aad }) {
                Ok(content) => return Opened::from_content(&content, now_ms),
                Err(_) => error = SealError::Tampered,
            }
        }
        Err(error)
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.current).chain(&self.older)
    }
}

/// Shows the ids of the keys, which are no secret: they stand in everything that is sealed.
impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys().map(|key| Hex(&key.id))).finish()
    }
}

/// A mistake in the keys of a server's configuration.
///
/// Its `Debug` is its text, since that is what `main` prints when it returns one.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Nothing stands where a key should.
    #[error(
        "key {position} is empty: give 32 random bytes in base64, such as `openssl rand -base64 32` prints"
    )]
    Empty {
        /// Which key of the list, counted from 1.
        position: usize,
    },
    /// The text is not base64.
    #[error(
        "key {position} is not base64: give 32 random bytes in base64, several keys separated by commas"
    )]
    Base64 {
        /// Which key of the list, counted from 1.
        position: usize,
    },
    /// The key has another length than 32 bytes.
    #[error(
        "key {position} has {length} bytes: give exactly 32 random bytes, such as `openssl rand -base64 32` prints"
    )]
    Length {
        /// Which key of the list, counted from 1.
        position: usize,
        /// How many bytes it has.
        length: usize,
    },
    /// The operating system gave no random bytes.
    #[error(
        "the operating system gave no random bytes for a key: configure one with `KeyRing::new`"
    )]
    Random(#[source] getrandom::Error),
}

impl fmt::Debug for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a sealed text is for. Each has its own key, so that none is accepted in the place of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// `requestState` of a multi round-trip request.
    RequestState,
    #[cfg(test)]
    Other,
}

impl Purpose {
    /// The one message for a client whose text was refused. It depends on nothing but the purpose, so that it cannot tell
    /// an attacker how close he came.
    pub(crate) const fn refusal(self) -> &'static str {
        match self {
            Self::RequestState => {
                "requestState is not valid for this request or has expired: send the request again without it"
            }
            #[cfg(test)]
            Self::Other => "",
        }
    }

    /// Part of every derived key: never change one that was released.
    const fn domain(self) -> &'static [u8] {
        match self {
            Self::RequestState => b"mcpwright/seal/1/request-state",
            #[cfg(test)]
            Self::Other => b"mcpwright/seal/1/other",
        }
    }
}

/// What a sealed text is bound to; it opens only with an equal one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Binding<'a> {
    /// What the text is for.
    pub(crate) purpose: Purpose,
    /// The method of the request.
    pub(crate) method: &'a str,
    /// The tool's or prompt's name, or the resource's URI. Empty if the method has no target.
    pub(crate) target: &'a str,
    /// [`digest_params`] of the request, where the text must come back with the same ones.
    pub(crate) params: Option<[u8; 32]>,
    /// Who is authenticated: issuer and subject, never the token (P8). `None` without authentication.
    pub(crate) principal: Option<&'a str>,
}

impl Binding<'_> {
    /// `head` is what stands in the clear before the nonce.
    fn associated_data(&self, head: &[u8]) -> Vec<u8> {
        let mut data = head.to_vec();
        let parts = [
            Some(self.method.as_bytes()),
            Some(self.target.as_bytes()),
            self.params.as_ref().map(<[u8; 32]>::as_slice),
            self.principal.map(str::as_bytes),
        ];
        for part in parts {
            // Length first, so that no two bindings are written alike; an absent part differs from an empty one.
            data.push(u8::from(part.is_some()));
            let part = part.unwrap_or_default();
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part);
        }
        data
    }
}

/// The content of a sealed text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    /// What was sealed.
    pub(crate) plain: Vec<u8>,
    /// When, in milliseconds, by the clock of whoever sealed it.
    pub(crate) issued_at_ms: u64,
}

impl Opened {
    fn from_content(content: &[u8], now_ms: u64) -> Result<Self, SealError> {
        let (issued, rest) = content.split_first_chunk().ok_or(SealError::Malformed)?;
        let (expires, plain) = rest.split_first_chunk().ok_or(SealError::Malformed)?;
        let (issued_at_ms, expires_at_ms) =
            (u64::from_be_bytes(*issued), u64::from_be_bytes(*expires));
        if now_ms >= expires_at_ms {
            return Err(SealError::Expired { by_ms: now_ms - expires_at_ms });
        }
        if issued_at_ms > now_ms.saturating_add(SKEW_MS) {
            return Err(SealError::Future { by_ms: issued_at_ms - now_ms });
        }
        Ok(Self { plain: plain.to_vec(), issued_at_ms })
    }
}

/// Why nothing was sealed or opened: for the log, see [`Purpose::refusal`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum SealError {
    #[error(
        "the sealed text has {length} bytes and more than {MAX_SEALED} are refused: keep less in the state, or make it a task"
    )]
    TooLong { length: usize },
    #[error(
        "the sealed text is not one of this server: it is truncated, not base64url, or of an unknown version"
    )]
    Malformed,
    #[error("the sealed text names key {}, which the ring does not hold: configure every replica with the same keys, and keep old ones", Hex(.id))]
    UnknownKey { id: [u8; KEY_ID] },
    #[error(
        "the sealed text was changed, or came back with another request, other params or another principal"
    )]
    Tampered,
    #[error("the sealed text expired {by_ms} ms ago")]
    Expired { by_ms: u64 },
    #[error(
        "the sealed text was issued {by_ms} ms in the future: synchronize the clocks of the replicas"
    )]
    Future { by_ms: u64 },
    #[error("the operating system gave no random bytes for a nonce")]
    Random(#[source] getrandom::Error),
}

#[derive(Clone)]
struct Key {
    id: [u8; KEY_ID],
    secret: [u8; 32],
}

impl Key {
    fn new(secret: [u8; 32]) -> Self {
        let hash = hash(b"mcpwright/seal/1/key-id", &secret);
        let mut id = [0; KEY_ID];
        id.copy_from_slice(&hash[..KEY_ID]);
        Self { id, secret }
    }

    /// The user's key itself encrypts nothing, so that the ring can serve further purposes.
    fn cipher(&self, purpose: Purpose) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&hash(purpose.domain(), &self.secret).into())
    }
}

/// The zero byte ends the domain, which has none: no domain continues into another one's key.
fn hash(domain: &[u8], secret: &[u8; 32]) -> [u8; 32] {
    Sha256::new().chain_update(domain).chain_update([0]).chain_update(secret).finalize().into()
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
