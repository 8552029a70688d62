// Loaded before the mock's server: time stands still at STILL_CLOCK, so that
// "3m ago" is the same whenever a picture is taken.
const still = Date.parse(process.env.STILL_CLOCK ?? '');
if (Number.isNaN(still)) throw new Error('STILL_CLOCK is not set to a time');

globalThis.Date = class extends Date {
  constructor(...parts) {
    if (parts.length === 0) super(still);
    else super(...parts);
  }

  static now() {
    return still;
  }
};
