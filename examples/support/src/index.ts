export { type Answer, type AskOptions, ask, until } from './ask.ts';
export { describeNotesApp, type NotesApp } from './notes-contract.ts';
export { type RunningServer, startServer } from './running-server.ts';
export { type RegionName, startTwoRegions, type TwoRegions, twoFreePorts } from './two-regions.ts';
