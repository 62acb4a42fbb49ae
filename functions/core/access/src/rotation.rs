//! The proof with which an agent puts a new key in the place of its own.

use schemas::AgentId;

use crate::keys::{AgentKey, PublicKey, Sign, decode, encode};

/// What the proof signs before the agent's id and its key.
const PREFIX: &str = "bulkhead-rotate:";

/// The proof that an agent has its next key: a signature by it over `bulkhead-rotate:`, the agent's id, a line feed and the
/// next public key, base64url.
pub fn prove(agent: &AgentId, next: &AgentKey) -> String {
    encode(&next.sign(&message(agent, &next.public())))
}

/// Whether this is the proof of the holder of a key for this agent.
pub fn is_proof(agent: &AgentId, next: &PublicKey, proof: &str) -> bool {
    // 64 bytes are 86 characters.
    proof.len() == 86
        && decode(proof).is_some_and(|signature| next.verifies(&message(agent, next), &signature))
}

fn message(agent: &AgentId, next: &PublicKey) -> Vec<u8> {
    format!("{PREFIX}{agent}\n{}", next.to_base64url()).into_bytes()
}

#[cfg(test)]
mod tests {
    use secrecy::SecretBox;

    use super::*;

    #[test]
    fn a_proof_is_of_one_agent_and_one_key() {
        let key = |seed| AgentKey::from_seed(SecretBox::new(Box::new([seed; 32])));
        let (agent, other): (AgentId, AgentId) = ("a-1".parse().unwrap(), "a-2".parse().unwrap());
        let proof = prove(&agent, &key(1));
        assert!(is_proof(&agent, &key(1).public(), &proof));
        assert!(!is_proof(&other, &key(1).public(), &proof));
        assert!(!is_proof(&agent, &key(2).public(), &proof));
        assert!(!is_proof(&agent, &key(1).public(), ""));
        // The proof of an enrolment is none of this.
        let enrolment = crate::enrolment::prove("a-1", &key(1));
        assert!(!is_proof(&agent, &key(1).public(), &enrolment));
    }
}
