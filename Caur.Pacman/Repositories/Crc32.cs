namespace Caur.Pacman;

/// <summary>Arithmetic on CRC-32 values as gzip uses them (polynomial 0xEDB88320, bits reflected).</summary>
internal static class Crc32
{
    private const uint Polynomial = 0xEDB88320;
    private const uint One = 1u << 31;

    /// <summary>At index n: x to the power of 2^n, modulo the polynomial.</summary>
    private static readonly uint[] Powers = MakePowers();

    /// <summary>What a CRC is multiplied with when this many bytes are appended to its text: x^(8n).</summary>
    public static uint Shift(long length)
    {
        var shift = One;
        for (var (bits, power) = (length, 3); bits > 0; bits >>= 1, power++)
        {
            if ((bits & 1) != 0)
            {
                shift = Multiply(shift, Powers[power & 31]);
            }
        }

        return shift;
    }

    /// <summary>The CRC of two texts one after the other, from the CRC of each and the shift by the length of the second.</summary>
    public static uint Combine(uint first, uint second, uint secondShift) => Multiply(secondShift, first) ^ second;

    /// <summary>The product of two polynomials over GF(2), the highest bit being the constant term.</summary>
    private static uint Multiply(uint left, uint right)
    {
        var product = 0u;
        for (var bit = One; bit != 0; bit >>= 1)
        {
            if ((left & bit) != 0)
            {
                product ^= right;
            }

            right = (right & 1) != 0 ? (right >> 1) ^ Polynomial : right >> 1;
        }

        return product;
    }

    private static uint[] MakePowers()
    {
        var powers = new uint[32];
        powers[0] = One >> 1;
        for (var i = 1; i < powers.Length; i++)
        {
            powers[i] = Multiply(powers[i - 1], powers[i - 1]);
        }

        return powers;
    }
}
