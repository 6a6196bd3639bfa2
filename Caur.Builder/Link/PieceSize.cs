namespace Caur.Builder.Link;

/// <summary>How large the pieces of archives are: less after one that was refused or cut, and more again when several went through. All
/// uploads of an agent share it, and go the same way.</summary>
internal sealed class PieceSize(int most)
{
    /// <summary>No smaller, unless that is all that is wanted.</summary>
    public const int Least = 64 * 1024;

    /// <summary>After so many in a row that went through, one of twice the size is tried.</summary>
    public const int Smooth = 8;

    private readonly Lock _gate = new();
    private long _most = most;
    private long _now = most;
    private int _taken;

    /// <summary>The most bytes of the next piece.</summary>
    public long Now
    {
        get
        {
            lock (_gate)
            {
                return _now;
            }
        }
    }

    /// <summary>One went through.</summary>
    public void Taken()
    {
        lock (_gate)
        {
            if (++_taken >= Smooth)
            {
                (_now, _taken) = (Math.Min(_most, _now * 2), 0);
            }
        }
    }

    /// <summary>One of this size was cut, for this or another reason.</summary>
    public void Cut(long size)
    {
        lock (_gate)
        {
            (_now, _taken) = (Math.Min(_now, Math.Max(Least, size / 2)), 0);
        }
    }

    /// <summary>One of this size was said to be too large: none of it is tried again.</summary>
    /// <returns>False when none could be smaller.</returns>
    public bool Refused(long size)
    {
        lock (_gate)
        {
            _most = Math.Min(_most, Math.Max(Least, size / 2));
            (_now, _taken) = (Math.Min(_now, _most), 0);
            return size > Least;
        }
    }
}
