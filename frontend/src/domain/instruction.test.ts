/** Steps of a build, as three builders write them. */
import { expect, test } from "vitest";
import { instructionOf } from "./instruction";

test("steps are told however they were written", () => {
  const cases: [string, string | undefined, string][] = [
    ['/bin/sh -c #(nop)  CMD ["bash"]', "CMD", '["bash"]'],
    ["/bin/sh -c #(nop) ADD file:1f4e in / ", "ADD", "file:1f4e in /"],
    ["RUN /bin/sh -c apt-get update # buildkit", "RUN", "apt-get update"],
    ["/bin/sh -c apt-get update && rm -rf /var/lib", "RUN", "apt-get update && rm -rf /var/lib"],
    ["RUN |1 VERSION=2.1 /bin/sh -c make VERSION # buildkit", "RUN", "make VERSION"],
    ["COPY app /srv/app # buildkit", "COPY", "app /srv/app"],
    ["cmd /S /C dism /online", "RUN", "dism /online"],
    ["powershell -Command Install-WindowsFeature Web-Server", "RUN", "Install-WindowsFeature Web-Server"],
    ["Apply image 10.0.20348.2700", undefined, "Apply image 10.0.20348.2700"],
    ["FROM", "FROM", ""],
    ["", undefined, ""],
  ];
  for (const [line, word, text] of cases) {
    expect(instructionOf(line), line).toEqual({ word, text });
  }
});

test("a long line of many spaces is no burden", () => {
  const line = `RUN |1 ${" ".repeat(20_000)}x`;
  expect(instructionOf(line).word).toBe("RUN");
});
