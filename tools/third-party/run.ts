import { writeFileSync } from 'node:fs';
import { thirdParties, thirdPartyPage } from './third-party.ts';

/** Writes the page of the licences: `npx -y pnpm@10 licences`. */
writeFileSync('docs/third-party.md', thirdPartyPage(thirdParties()));
