/** The drill could not go on: something did not happen in time, or a step failed. The message is a sentence. */
export class DrillFailure extends Error {}
