using System.Text;

namespace Caur.Pacman;

/// <summary>
/// The order of versions that <c>vercmp</c> (vercmp(8)) defines: the epoch first, then pkgver, then pkgrel if both have one.
/// Any text is comparable, also one that is no valid version.
/// </summary>
public sealed class VersionComparer : IComparer<string>
{
    /// <summary>The one comparer; it has no state.</summary>
    public static VersionComparer Instance { get; } = new();

    /// <summary>Below 0 when <paramref name="left"/> is older, above 0 when it is newer, 0 when neither.</summary>
    public static int Compare(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        if (left.SequenceEqual(right))
        {
            return 0;
        }

        var a = Parts.Of(left);
        var b = Parts.Of(right);
        var order = CompareSegments(a.Epoch, b.Epoch);
        if (order == 0)
        {
            order = CompareSegments(a.Version, b.Version);
        }

        return order != 0 || !a.HasRelease || !b.HasRelease ? order : CompareSegments(a.Release, b.Release);
    }

    /// <inheritdoc/>
    public int Compare(string? x, string? y) => Compare(x.AsSpan(), y.AsSpan());

    /// <summary>Walks both texts by runs of digits or letters; what stands between the runs counts only by its length.</summary>
    private static int CompareSegments(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        while (!left.IsEmpty && !right.IsEmpty)
        {
            var leftSeparators = TakeSeparators(ref left);
            var rightSeparators = TakeSeparators(ref right);
            if (left.IsEmpty || right.IsEmpty)
            {
                break;
            }

            if (leftSeparators != rightSeparators)
            {
                return leftSeparators < rightSeparators ? -1 : 1;
            }

            var numeric = char.IsAsciiDigit(left[0]);
            var leftRun = TakeRun(ref left, numeric);
            var rightRun = TakeRun(ref right, numeric);
            if (rightRun.IsEmpty)
            {
                // One starts with a digit and the other with a letter: the number is newer.
                return numeric ? 1 : -1;
            }

            var order = numeric ? CompareNumbers(leftRun, rightRun) : leftRun.SequenceCompareTo(rightRun);
            if (order != 0)
            {
                return order < 0 ? -1 : 1;
            }
        }

        return CompareRests(left, right);
    }

    /// <summary>All runs so far were alike. A rest that starts with a letter is older than none (1.0rc, 1.0), any other is newer.</summary>
    private static int CompareRests(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        if (left.IsEmpty && right.IsEmpty)
        {
            return 0;
        }

        var leftIsOlder = left.IsEmpty ? !char.IsAsciiLetter(right[0]) : char.IsAsciiLetter(left[0]);
        return leftIsOlder ? -1 : 1;
    }

    private static int CompareNumbers(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        left = left.TrimStart('0');
        right = right.TrimStart('0');
        return left.Length != right.Length ? left.Length - right.Length : left.SequenceCompareTo(right);
    }

    /// <summary>Takes what is neither letter nor digit, and says how long it is to vercmp, which counts bytes.</summary>
    private static int TakeSeparators(ref ReadOnlySpan<char> text)
    {
        var count = 0;
        while (count < text.Length && !char.IsAsciiLetterOrDigit(text[count]))
        {
            count++;
        }

        var bytes = Encoding.UTF8.GetByteCount(text[..count]);
        text = text[count..];
        return bytes;
    }

    private static ReadOnlySpan<char> TakeRun(ref ReadOnlySpan<char> text, bool digits)
    {
        var length = 0;
        while (length < text.Length && (digits ? char.IsAsciiDigit(text[length]) : char.IsAsciiLetter(text[length])))
        {
            length++;
        }

        var run = text[..length];
        text = text[length..];
        return run;
    }

    private readonly ref struct Parts
    {
        public ReadOnlySpan<char> Epoch { get; private init; }

        public ReadOnlySpan<char> Version { get; private init; }

        public ReadOnlySpan<char> Release { get; private init; }

        public bool HasRelease { get; private init; }

        public static Parts Of(ReadOnlySpan<char> text)
        {
            var digits = text.IndexOfAnyExceptInRange('0', '9');
            ReadOnlySpan<char> epoch = "0";
            if (digits >= 0 && text[digits] == ':')
            {
                epoch = digits == 0 ? epoch : text[..digits];
                text = text[(digits + 1)..];
            }

            var dash = text.LastIndexOf('-');
            return new Parts
            {
                Epoch = epoch,
                Version = dash < 0 ? text : text[..dash],
                Release = dash < 0 ? default : text[(dash + 1)..],
                HasRelease = dash >= 0,
            };
        }
    }
}
