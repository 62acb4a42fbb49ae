/** How the portal is built, and served while it is worked on. */
import { createHash } from "node:crypto";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { CSP } from "./csp.ts";

/** The server that answers `/api` while the portal is worked on. */
const server = process.env["BULKHEAD_SERVER"] ?? "http://127.0.0.1:8080";
// The host that the browser asked stays as it is: the server decides by it which cookie it gives.
const proxy = { "/api": { target: server, changeOrigin: false }, "/version": { target: server } };

/**
 * Takes the fonts out of the components' style sheet, which has them in it as data: as files only those that a page uses are
 * loaded, the style sheet is a tenth, and the page's policy needs no exception for them.
 */
function fontsAsFiles(): Plugin {
  const fonts = new Map<string, Buffer>();
  return {
    name: "fonts-as-files",
    enforce: "pre",
    apply: "build",
    transform(code, id) {
      if (!id.endsWith("/global-styles/index.css")) {
        return undefined;
      }
      return code.replace(/url\('data:font\/woff2;base64,([^']+)'\)/g, (_, data: string) => {
        const font = Buffer.from(data, "base64");
        const name = `assets/font-${createHash("sha256").update(font).digest("hex").slice(0, 10)}.woff2`;
        fonts.set(name, font);
        return `url('/${name}')`;
      });
    },
    generateBundle() {
      for (const [fileName, source] of fonts) {
        this.emitFile({ type: "asset", fileName, source });
      }
    },
  };
}

/** What the first page waits for, each of which the browser would learn of only when what comes before it has run. */
const FIRST_PAGE = "src/features/overview/OverviewPage.tsx";
const FIRST_PAGE_NAME = "/OverviewPage-";
const FIRST_QUESTION = "/api/v1/session";

/** Has the browser ask for the first page's files, and who is signed in, while the portal itself is still on its way. */
function firstPageAtOnce(): Plugin {
  return {
    name: "first-page-at-once",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(html, { bundle = {} }) {
        const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
        const wanted = new Set<string>();
        const take = (fileName: string | undefined): void => {
          const chunk = chunks.find((one) => one.fileName === fileName);
          if (chunk !== undefined && !wanted.has(chunk.fileName)) {
            wanted.add(chunk.fileName);
            chunk.imports.forEach(take);
          }
        };
        take(chunks.find(({ facadeModuleId }) => facadeModuleId?.endsWith(FIRST_PAGE))?.fileName);
        const styles = chunks.flatMap((chunk) =>
          wanted.has(chunk.fileName) ? [...(chunk.viteMetadata?.importedCss ?? [])] : [],
        );
        const link = (attrs: Record<string, string | boolean>) => ({ tag: "link", attrs, injectTo: "head" as const });
        const isThere = (file: string) => html.includes(`"/${file}"`);
        return [
          // As `fetch` asks for it: otherwise it would be asked for twice.
          link({ rel: "preload", as: "fetch", href: FIRST_QUESTION, crossorigin: "anonymous" }),
          ...[...wanted]
            .filter((file) => !isThere(file))
            .map((file) => link({ rel: "modulepreload", crossorigin: true, href: `/${file}` })),
          ...styles
            .filter((file) => !isThere(file))
            .map((file) => link({ rel: "preload", as: "style", crossorigin: true, href: `/${file}` })),
        ];
      },
    },
  };
}

export default defineConfig({
  plugins: [fontsAsFiles(), firstPageAtOnce(), react()],
  build: {
    target: "es2022",
    manifest: true,
    // Files of their own are cached and need no exception in the page's policy.
    assetsInlineLimit: 0,
    modulePreload: {
      polyfill: false,
      // What the page itself names already is not looked for once more, which takes a slow laptop a tenth of a second.
      resolveDependencies: (file, others, { hostType }) =>
        hostType === "js" && file.includes(FIRST_PAGE_NAME) ? others.filter((other) => other.endsWith(".css")) : others,
    },
    chunkSizeWarningLimit: 900,
  },
  server: { proxy, strictPort: true },
  preview: {
    proxy,
    strictPort: true,
    headers: { "content-security-policy": CSP, "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" },
  },
  test: {
    // Tests of components say that they need a document.
    environment: "node",
    include: ["src/**/*.test.{ts,tsx}"],
    server: { deps: { inline: [/@cloudscape-design/] } },
    css: false,
  },
});
