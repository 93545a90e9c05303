import { describeNotesApp } from 'example-support';

describeNotesApp('typeorm', new URL('../src/server.ts', import.meta.url));
