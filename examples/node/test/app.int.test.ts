import { describeNotesApp } from 'example-support';

describeNotesApp('node', new URL('../src/server.ts', import.meta.url));
