/** The commands that make a host's agent known to a server, as agent/host has them. */

/** Where an agent runs. */
export const SYSTEMS = ["linux", "windows", "kubernetes"] as const;
export type System = (typeof SYSTEMS)[number];

/** Whether a server's address has no encryption although it is not on the same machine. */
export function isOpenLine(server: string): boolean {
  const { protocol, hostname } = new URL(server);
  return protocol === "http:" && !["localhost", "127.0.0.1", "[::1]"].includes(hostname);
}

/**
 * The commands for one host. The token stands in the standard input or the environment, where other processes do not see it:
 * the lists of processes show what a command is given.
 */
export function enrolCommands(system: System, server: string, token: string): string {
  const open = isOpenLine(server) ? " --allow-http" : "";
  if (system === "windows") {
    return [
      `$env:BULKHEAD_ENROLMENT_TOKEN = '${token}'`,
      `.\\bulkhead-agent.exe enroll --server ${server}${open}`,
      "Remove-Item Env:BULKHEAD_ENROLMENT_TOKEN",
      ".\\bulkhead-agent.exe run",
    ].join("\n");
  }
  return [
    `sudo bulkhead-agent enroll --server ${server}${open} --token-file /dev/stdin <<'END'`,
    token,
    "END",
    "sudo bulkhead-agent run",
  ].join("\n");
}

/** The command that has Windows run the agent by itself from now on; the agent knows when it runs as a service. */
export const WINDOWS_SERVICE = [
  "New-Service -Name BulkheadAgent -StartupType Automatic `",
  '  -BinaryPathName "`"$((Get-Item .\\bulkhead-agent.exe).FullName)`" run"',
  "Start-Service BulkheadAgent",
].join("\n");
