namespace Caur.Pipelines.Changes;

/// <summary>What became of an element.</summary>
internal enum EditKind
{
    /// <summary>It is in both.</summary>
    Same,

    /// <summary>It is in the old one only.</summary>
    Removed,

    /// <summary>It is in the new one only.</summary>
    Added,
}

/// <summary>One element of a difference.</summary>
/// <param name="Kind">What became of it.</param>
/// <param name="Old">Where it stands in the old one, from 0; where it would stand when it was added.</param>
/// <param name="New">Where it stands in the new one; where it would stand when it was removed.</param>
internal readonly record struct Edit(EditKind Kind, int Old, int New);

/// <summary>The shortest way from one list to another (E. Myers, "An O(ND) Difference Algorithm and Its Variations", 1986).</summary>
internal static class Difference
{
    /// <summary>So many edits are looked for; lists that have less in common count as replaced as a whole, apart from their ends.</summary>
    private const int MostEdits = 1500;

    public static IReadOnlyList<Edit> Of(IReadOnlyList<string> old, IReadOnlyList<string> @new)
    {
        var start = 0;
        while (start < old.Count && start < @new.Count && old[start] == @new[start])
        {
            start++;
        }

        var end = 0;
        while (end < old.Count - start && end < @new.Count - start && old[^(end + 1)] == @new[^(end + 1)])
        {
            end++;
        }

        var edits = new List<Edit>(old.Count + @new.Count);
        for (var at = 0; at < start; at++)
        {
            edits.Add(new Edit(EditKind.Same, at, at));
        }

        edits.AddRange(Middle(old, @new, start, old.Count - end, @new.Count - end));
        for (var at = end; at > 0; at--)
        {
            edits.Add(new Edit(EditKind.Same, old.Count - at, @new.Count - at));
        }

        return edits;
    }

    private static IEnumerable<Edit> Middle(IReadOnlyList<string> old, IReadOnlyList<string> @new, int start, int oldEnd, int newEnd)
    {
        var (n, m) = (oldEnd - start, newEnd - start);
        if (Trace(old, @new, start, n, m) is not { } trace)
        {
            return Replaced(start, oldEnd, newEnd);
        }

        var edits = new List<Edit>();
        var (x, y) = (n, m);
        for (var d = trace.Count - 1; d > 0; d--)
        {
            var (reach, k) = (trace[d], x - y);
            var down = IsDown(reach, d, k, d);
            var fromX = reach[(down ? k + 1 : k - 1) + d];
            for (var snake = down ? fromX : fromX + 1; x > snake;)
            {
                edits.Add(new Edit(EditKind.Same, start + --x, start + --y));
            }

            edits.Add(down ? new Edit(EditKind.Added, start + x, start + --y) : new Edit(EditKind.Removed, start + --x, start + y));
        }

        while (x > 0)
        {
            edits.Add(new Edit(EditKind.Same, start + --x, start + --y));
        }

        edits.Reverse();
        return edits;
    }

    /// <summary>How far each diagonal was reached before each step; null when there are too many steps.</summary>
    private static List<int[]>? Trace(IReadOnlyList<string> old, IReadOnlyList<string> @new, int start, int n, int m)
    {
        var trace = new List<int[]>();
        var most = Math.Min(n + m, MostEdits);
        var reach = new int[(2 * most) + 3];
        for (var d = 0; d <= most; d++)
        {
            // Diagonals -d to d are all that the way back asks for.
            trace.Add(reach[(most + 1 - d)..(most + 2 + d)]);
            for (var k = -d; k <= d; k += 2)
            {
                var down = IsDown(reach, d, k, most + 1);
                var x = d == 0 ? 0 : down ? reach[most + 1 + k + 1] : reach[most + 1 + k - 1] + 1;
                var y = x - k;
                while (x < n && y < m && old[start + x] == @new[start + y])
                {
                    x++;
                    y++;
                }

                reach[most + 1 + k] = x;
                if (x >= n && y >= m)
                {
                    return trace;
                }
            }
        }

        return null;
    }

    /// <summary>Whether a diagonal is reached from the one above it.</summary>
    private static bool IsDown(int[] reach, int d, int k, int zero) => k == -d || (k != d && reach[k - 1 + zero] < reach[k + 1 + zero]);

    private static IEnumerable<Edit> Replaced(int start, int oldEnd, int newEnd)
    {
        for (var at = start; at < oldEnd; at++)
        {
            yield return new Edit(EditKind.Removed, at, start);
        }

        for (var at = start; at < newEnd; at++)
        {
            yield return new Edit(EditKind.Added, oldEnd, at);
        }
    }
}
