/** Ids of vulnerabilities as people type them. */

/** The id of a CVE that somebody typed in whatever case and with whatever around it, in its one written form. */
export function typedCve(text: string): string | undefined {
  const found = /\bcve[-\s_–—]?(\d{4})[-\s_–—](\d{4,19})\b/i.exec(text);
  return found === null ? undefined : `CVE-${found[1]}-${found[2]}`;
}

/** Pages about a vulnerability at those who keep it. */
export function publicPages(id: string): { name: string; address: string }[] {
  const part = encodeURIComponent(id);
  if (/^CVE-\d{4}-\d{4,}$/.test(id)) {
    return [
      { name: "NVD", address: `https://nvd.nist.gov/vuln/detail/${part}` },
      { name: "CVE.org", address: `https://www.cve.org/CVERecord?id=${part}` },
    ];
  }
  if (/^GHSA-/.test(id)) {
    return [{ name: "GitHub", address: `https://github.com/advisories/${part}` }];
  }
  return [{ name: "OSV", address: `https://osv.dev/vulnerability/${part}` }];
}
