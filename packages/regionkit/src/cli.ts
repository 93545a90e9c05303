#!/usr/bin/env node
import { readFileSync } from 'node:fs';

// `npx regionkit` is the command line of `@regionkit/ops`.
const manifest = new URL(import.meta.resolve('@regionkit/ops/package.json'));
const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly bin: { readonly regionkit: string } };
await import(new URL(bin.regionkit, manifest).href);
