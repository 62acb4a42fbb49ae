/** What raises a risk, of a vulnerability wherever it is and of the place that has it. */

/** A mark, by the word of the API, or by one that follows from a fact that has no mark; `texts.common.chips` has both. */
export type Factor =
  | "known_exploited"
  | "ransomware"
  | "exploit_public"
  | "remote_execution"
  | "denial_of_service"
  | "attack_vector_network"
  | "attack_complexity_low"
  | "automatable"
  | "total"
  | "recent"
  | "internet_reachable"
  | "published"
  | "public_address"
  | "declared"
  | "observed"
  | "listening"
  | "privileged"
  | "root_mount"
  | "runtime_socket"
  | "host_access"
  | "capabilities"
  | "no_security_profile"
  | "root"
  | "sensitive_information"
  | "package_in_use"
  | "critical";

/** Marks of the API that are chips, the gravest first. Severity and fix are shown beside them, and not once more. */
const MARKS: readonly Factor[] = [
  "known_exploited",
  "internet_reachable",
  "remote_execution",
  "exploit_public",
  "privileged",
  "root_mount",
  "runtime_socket",
  "host_access",
  "root",
  "no_security_profile",
  "attack_vector_network",
  "attack_complexity_low",
  "denial_of_service",
  "listening",
  "sensitive_information",
  "package_in_use",
  "recent",
];

/** What is known of a vulnerability, as far as it makes factors. */
interface Known {
  known_exploited?: boolean;
  ransomware?: boolean;
  public_exploits?: number;
  exploitation?: string | null;
  automatable?: string | null;
  technical_impact?: string | null;
  factors?: readonly string[];
}

/** What is known of a place, as far as it makes factors. */
interface Around {
  exposure?: string;
  root?: string;
  privileged?: string;
  runtime_socket?: string;
  capabilities?: string;
  no_security_profile?: string;
  host_namespaces?: string;
  host_mounts?: string;
  package_in_use?: string;
  critical_label?: string | null;
}

/** The marks that are chips, the gravest first. One of a later version has no text here and is left out. */
export function marksOf(words: readonly string[] | undefined): Factor[] {
  return MARKS.filter((mark) => words?.includes(mark));
}

/** The factors of a vulnerability, the gravest first. */
export function factorsOf(known: Known): Factor[] {
  const factors: Factor[] = [];
  if (known.known_exploited) factors.push("known_exploited");
  if (known.ransomware) factors.push("ransomware");
  if ((known.public_exploits ?? 0) > 0 || known.exploitation === "poc" || known.exploitation === "active") {
    factors.push("exploit_public");
  }
  if (known.automatable === "yes") factors.push("automatable");
  if (known.technical_impact === "total") factors.push("total");
  return [...factors, ...marksOf(known.factors).filter((mark) => !factors.includes(mark))];
}

const EXPOSED: Record<string, Factor> = {
  published: "published",
  public_address: "public_address",
  declared: "declared",
  observed: "observed",
};

/** The factors of a place. What is not known is none, and shown as unknown elsewhere. */
export function factorsOfPlace(around: Around): Factor[] {
  const exposed = EXPOSED[around.exposure ?? ""];
  const answers: [string | undefined, Factor][] = [
    [around.privileged, "privileged"],
    [around.host_mounts, "root_mount"],
    [around.runtime_socket, "runtime_socket"],
    [around.host_namespaces, "host_access"],
    [around.capabilities, "capabilities"],
    [around.root, "root"],
    [around.no_security_profile, "no_security_profile"],
    [around.package_in_use, "package_in_use"],
  ];
  return [
    ...(exposed === undefined ? [] : [exposed]),
    ...(around.critical_label ? (["critical"] as const) : []),
    ...answers.filter(([answer]) => answer === "yes").map(([, factor]) => factor),
  ];
}

/** Factors that stand out: somebody already does it, or can reach it, or is the host as soon as they are in. */
export function standsOut(factor: Factor): boolean {
  return [
    "known_exploited",
    "ransomware",
    "internet_reachable",
    "public_address",
    "declared",
    "observed",
    "privileged",
    "root_mount",
    "runtime_socket",
  ].includes(factor);
}
