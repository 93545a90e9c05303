export { type LabFixtures, labTest } from './lab-test.ts';
