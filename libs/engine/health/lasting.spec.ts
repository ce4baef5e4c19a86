import { Lasting } from './lasting.js';

describe('Lasting', () => {
  it('counts from the first look at which it was so', () => {
    const stuck = new Lasting<number>();
    expect(stuck.see(7, 100)).toBe(0);
    expect(stuck.see(7, 160)).toBe(60);
    expect(stuck.isSeen).toBe(true);
  });

  it('begins anew when something has moved, however far behind it is', () => {
    const stuck = new Lasting<number>();
    stuck.see(7, 100);
    expect(stuck.see(8, 200)).toBe(0);
    expect(stuck.see(8, 250)).toBe(50);
  });

  it('forgets when it is so no longer', () => {
    const stuck = new Lasting<number>();
    stuck.see(7, 100);
    expect(stuck.see(null, 200)).toBeNull();
    expect(stuck.isSeen).toBe(false);
    expect(stuck.see(7, 300)).toBe(0);
  });
});
