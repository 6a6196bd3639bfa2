// Colours and attributes as ECMA-48's SGR sequences set them ("Select Graphic Rendition"), with xterm's 256 and true colours.

export const bold = 1;
export const faint = 2;
export const italic = 4;
export const underline = 8;
export const inverse = 16;
export const hidden = 32;
export const strike = 64;
export const overline = 128;

const trueColour = 0x1000000;

/** What the next character will look like. A colour is 0 (none), 1 to 256 (a place in the palette, counted from 1), or 0x1000000 + RGB. */
export class Style {
  fg = 0;
  bg = 0;
  attributes = 0;

  set(fg, bg, attributes) {
    this.fg = fg;
    this.bg = bg;
    this.attributes = attributes;
  }

  /** Applies one sequence.
   * @param values its numbers; an omitted one is 0
   * @param count how many of them count
   * @param joined whether a number was joined to the one before it by a colon, which makes it a part of that */
  apply(values, count, joined) {
    for (let i = 0; i < count; i++) {
      let end = i + 1;
      while (end < count && joined[end]) {
        end++;
      }
      const value = values[i];
      if (value === 38 || value === 48) {
        i = this.#extended(value === 38, values, i, end, count);
      } else {
        this.#simple(value, end > i + 1 ? values[i + 1] : -1);
        i = end - 1;
      }
    }
  }

  #simple(value, part) {
    if (value >= 30 && value <= 37) {
      this.fg = value - 29;
    } else if (value >= 40 && value <= 47) {
      this.bg = value - 39;
    } else if (value >= 90 && value <= 97) {
      this.fg = value - 81;
    } else if (value >= 100 && value <= 107) {
      this.bg = value - 91;
    } else {
      switch (value) {
        case 0: this.set(0, 0, 0); break;
        case 1: this.attributes |= bold; break;
        case 2: this.attributes |= faint; break;
        case 3: this.attributes |= italic; break;
        case 4: this.attributes = part === 0 ? this.attributes & ~underline : this.attributes | underline; break;
        case 7: this.attributes |= inverse; break;
        case 8: this.attributes |= hidden; break;
        case 9: this.attributes |= strike; break;
        case 21: this.attributes |= underline; break;
        case 22: this.attributes &= ~(bold | faint); break;
        case 23: this.attributes &= ~italic; break;
        case 24: this.attributes &= ~underline; break;
        case 27: this.attributes &= ~inverse; break;
        case 28: this.attributes &= ~hidden; break;
        case 29: this.attributes &= ~strike; break;
        case 39: this.fg = 0; break;
        case 49: this.bg = 0; break;
        case 53: this.attributes |= overline; break;
        case 55: this.attributes &= ~overline; break;
      }
    }
  }

  /** 38;5;n, 38;2;r;g;b, and the same with colons, where a colour space may stand before the red.
   * @returns the place of the last number used */
  #extended(foreground, values, at, end, count) {
    const joined = end > at + 1;
    const kind = values[at + 1];
    let colour = -1;
    let last = joined ? end - 1 : Math.min(at + 1, count - 1);
    if (kind === 5 && at + 2 < (joined ? end : count)) {
      colour = values[at + 2] <= 255 ? values[at + 2] + 1 : -1;
      last = joined ? end - 1 : at + 2;
    } else if (kind === 2) {
      const red = joined && end - at >= 6 ? at + 3 : at + 2;
      if (red + 2 < (joined ? end : count)) {
        const [r, g, b] = [values[red], values[red + 1], values[red + 2]];
        colour = r <= 255 && g <= 255 && b <= 255 ? trueColour + (r << 16) + (g << 8) + b : -1;
      }
      last = joined ? end - 1 : Math.min(at + 4, count - 1);
    }
    if (colour >= 0) {
      if (foreground) {
        this.fg = colour;
      } else {
        this.bg = colour;
      }
    }
    return last;
  }
}

/** How a colour is named for CSS: the first 16 by a class (they follow the theme), the others by value.
 * @returns null, a number from 0 to 15, or text */
export function cssColour(colour) {
  if (colour === 0) {
    return null;
  }
  if (colour <= 16) {
    return colour - 1;
  }
  if (colour >= trueColour) {
    return hex(colour - trueColour);
  }
  const place = colour - 1;
  if (place >= 232) {
    const grey = 8 + 10 * (place - 232);
    return hex((grey << 16) | (grey << 8) | grey);
  }
  const step = value => value === 0 ? 0 : 55 + 40 * value;
  const cube = place - 16;
  return hex((step(Math.floor(cube / 36)) << 16) | (step(Math.floor(cube / 6) % 6) << 8) | step(cube % 6));
}

function hex(rgb) {
  return `#${rgb.toString(16).padStart(6, '0')}`;
}
