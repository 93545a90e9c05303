import { fileURLToPath } from 'node:url';

const inside = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

export const TERRAFORM: string = inside('terraform');
export const fixture = (name: string): string => inside(`fixtures/terraform/${name}`);
