/** Why an image could not be pulled. Only `unreachable` is about the network, all others are about the reference. */
export type PullProblem = "unreachable" | "certificate" | "not-found" | "denied" | "rate-limit" | "platform" | "other";

/** In order: a text that matches two of them ("toomanyrequests: … denied") is of the first kind. */
const RULES: ReadonlyArray<readonly [PullProblem, RegExp]> = [
    ["rate-limit", /toomanyrequests|pull rate limit|429 too many requests/i],
    ["certificate", /\bx509\b|certificate (?:signed by unknown|has expired|is not trusted)|tls: failed to verify/i],
    ["unreachable", /\bdial (?:tcp|udp)\b|proxyconnect|no such host/i],
    ["platform", /no matching manifest for|does not match the (?:specified|detected host) platform/i],
    ["denied", /pull access denied|access to the resource is denied|unauthorized|authentication required|\bdenied\b/i],
    ["not-found", /manifest unknown|manifest for \S+ not found|name unknown|repository \S+ not found|\bnot found\b/i],
    [
        "unreachable",
        /server misbehaving|connection (?:refused|reset)|network is unreachable|no route to host|i\/o timeout|TLS handshake timeout|deadline exceeded|Client\.Timeout|request canceled|\bEOF\b|50[234] (?:Bad Gateway|Service Unavailable|Gateway Time-?out)/i,
    ],
];

/** What kind of failure Docker's text about a pull tells of. */
export function pullProblem(text: string): PullProblem {
    return RULES.find(([, pattern]) => pattern.test(text))?.[0] ?? "other";
}
