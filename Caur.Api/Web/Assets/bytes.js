// The log's bytes in blocks of one size: as much memory as there are bytes, however small the pieces in which they came.

const blockBits = 20;
const blockSize = 1 << blockBits;

export class Bytes {
  length = 0;
  #blocks = [];

  append(piece) {
    let from = 0;
    while (from < piece.length) {
      const at = this.length % blockSize;
      if (at === 0) {
        this.#blocks.push(new Uint8Array(blockSize));
      }
      const count = Math.min(piece.length - from, blockSize - at);
      this.#blocks[this.#blocks.length - 1].set(piece.subarray(from, from + count), at);
      from += count;
      this.length += count;
    }
  }

  /** The bytes from an offset on, up to the limit or the block's end, without copying them. */
  view(offset, limit) {
    const at = offset % blockSize;
    const block = this.#blocks[Math.floor(offset / blockSize)];
    return block.subarray(at, Math.min(blockSize, at + Math.min(limit, this.length) - offset));
  }

  /** A copy of a part. */
  copy(from, to) {
    const end = Math.min(to, this.length);
    const whole = new Uint8Array(Math.max(0, end - from));
    for (let offset = from; offset < end;) {
      const piece = this.view(offset, end);
      whole.set(piece, offset - from);
      offset += piece.length;
    }
    return whole;
  }

  /** The offset of a byte's first place from an offset on; -1 when it is not there. */
  indexOf(byte, from, to) {
    const end = Math.min(to, this.length);
    for (let offset = from; offset < end;) {
      const piece = this.view(offset, end);
      const place = piece.indexOf(byte);
      if (place >= 0) {
        return offset + place;
      }
      offset += piece.length;
    }
    return -1;
  }
}
