// How many cells of a terminal a character takes.

const zeroWidth = ranges(`
  300-36f 483-489 591-5bd 5bf 5c1-5c2 5c4-5c5 5c7 610-61a 64b-65f 670 6d6-6dc 6df-6e4 6e7-6e8 6ea-6ed 711 730-74a
  900-902 93a 93c 941-948 94d 951-957 e31 e34-e3a e47-e4e 1ab0-1aff 1dc0-1dff 200b-200f 2028-202e 2060-2064 2066-206f
  20d0-20ff 302a-302d 3099-309a fe00-fe0f fe20-fe2f feff 1f3fb-1f3ff e0000-e0fff`);
const wide = ranges(`
  1100-115f 231a-231b 2329-232a 23e9-23ec 23f0 23f3 25fd-25fe 2614-2615 2648-2653 267f 2693 26a1 26aa-26ab 26bd-26be
  26c4-26c5 26ce 26d4 26ea 26f2-26f3 26f5 26fa 26fd 2705 270a-270b 2728 274c 274e 2753-2755 2757 2795-2797 27b0 27bf
  2b1b-2b1c 2b50 2b55 2e80-303e 3041-33ff 3400-4dbf 4e00-a4cf a960-a97f ac00-d7a3 f900-faff fe30-fe6f ff01-ff60 ffe0-ffe6
  16fe0-18aff 1b000-1b2ff 1f004 1f0cf 1f18e 1f191-1f19a 1f200-1f265 1f300-1f320 1f32d-1f335 1f337-1f37c 1f37e-1f393
  1f3a0-1f3ca 1f3cf-1f3d3 1f3e0-1f3f0 1f3f4 1f3f8-1f43e 1f440 1f442-1f4fc 1f4ff-1f53d 1f54b-1f54e 1f550-1f567 1f57a
  1f595-1f596 1f5a4 1f5fb-1f64f 1f680-1f6c5 1f6cc 1f6d0-1f6d2 1f6d5-1f6df 1f6eb-1f6ec 1f6f4-1f6fc 1f7e0-1f7f0 1f90c-1f9ff
  1fa70-1faff 20000-3fffd`);

/** @returns 0 for a mark that joins the character before it, 2 for a wide character, otherwise 1. */
export function widthOf(code) {
  if (code < 0x300) {
    return 1;
  }
  return within(zeroWidth, code) ? 0 : within(wide, code) ? 2 : 1;
}

function ranges(text) {
  return Uint32Array.from(text.trim().split(/\s+/).flatMap(range => {
    const [from, to = from] = range.split('-');
    return [parseInt(from, 16), parseInt(to, 16)];
  }));
}

function within(table, code) {
  let low = 0;
  let high = table.length / 2 - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (code < table[2 * middle]) {
      high = middle - 1;
    } else if (code > table[2 * middle + 1]) {
      low = middle + 1;
    } else {
      return true;
    }
  }
  return false;
}
