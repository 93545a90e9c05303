import { register } from 'node:module';

// Plain JavaScript: it is loaded before anything that could read TypeScript.
register('./hooks.mjs', { parentURL: import.meta.url, data: JSON.parse(process.env.PROOF_MUTATION ?? 'null') });
