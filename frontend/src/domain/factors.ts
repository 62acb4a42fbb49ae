/** What raises a risk, of a vulnerability wherever it is and of the place that has it. */

/** A factor, by a word that `texts.common.chips` has. */
export type Factor =
  | "knownExploited"
  | "ransomware"
  | "exploits"
  | "automatable"
  | "total"
  | "published"
  | "publicAddress"
  | "declared"
  | "root"
  | "privileged"
  | "socket";

/** What is known of a vulnerability, as far as it makes factors. */
interface Known {
  known_exploited?: boolean;
  ransomware?: boolean;
  public_exploits?: number;
  exploitation?: string | null;
  automatable?: string | null;
  technical_impact?: string | null;
}

/** What is known of a place, as far as it makes factors. */
interface Around {
  exposure?: string;
  root?: string;
  privileged?: string;
  runtime_socket?: string;
}

/** The factors of a vulnerability, the gravest first. */
export function factorsOf(known: Known): Factor[] {
  const factors: Factor[] = [];
  if (known.known_exploited) factors.push("knownExploited");
  if (known.ransomware) factors.push("ransomware");
  if ((known.public_exploits ?? 0) > 0 || known.exploitation === "poc" || known.exploitation === "active") {
    factors.push("exploits");
  }
  if (known.automatable === "yes") factors.push("automatable");
  if (known.technical_impact === "total") factors.push("total");
  return factors;
}

const EXPOSED: Record<string, Factor> = {
  published: "published",
  public_address: "publicAddress",
  declared: "declared",
};

/** The factors of a place. What is not known is none, and shown as unknown elsewhere. */
export function factorsOfPlace(around: Around): Factor[] {
  const exposed = EXPOSED[around.exposure ?? ""];
  return [
    ...(exposed === undefined ? [] : [exposed]),
    ...(around.root === "yes" ? (["root"] as const) : []),
    ...(around.privileged === "yes" ? (["privileged"] as const) : []),
    ...(around.runtime_socket === "yes" ? (["socket"] as const) : []),
  ];
}

/** Factors that stand out: somebody already does it, or can reach it. */
export function standsOut(factor: Factor): boolean {
  return ["knownExploited", "ransomware", "publicAddress", "declared", "privileged", "socket"].includes(factor);
}
