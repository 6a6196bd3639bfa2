using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Caur.Api.Logs;

/// <summary>What a reader of a log asks for.</summary>
/// <param name="Offset">The first byte that is wanted; 0 is the log's first.</param>
/// <param name="Follow">True to go on with what comes; false to end with what is there.</param>
internal readonly record struct LogQuery(long Offset, bool Follow)
{
    /// <summary>Reads <c>offset</c> (digits; default 0) and <c>follow</c> (true or false; default true). Others are ignored.</summary>
    /// <param name="parameters">The query.</param>
    /// <param name="query">What it says.</param>
    /// <param name="problems">The parameters that say something else, and what is wanted of them.</param>
    public static bool TryRead(
        IQueryCollection parameters, out LogQuery query, [NotNullWhen(false)] out Dictionary<string, string[]>? problems)
    {
        query = new LogQuery(0, true);
        var wrong = new Dictionary<string, string[]>();
        if (parameters.TryGetValue("offset", out var offset))
        {
            if (long.TryParse(offset.Count == 1 ? offset[0] : "", NumberStyles.None, CultureInfo.InvariantCulture, out var from))
            {
                query = query with { Offset = from };
            }
            else
            {
                wrong["offset"] = [$"offset is the number of a byte from 0 to {long.MaxValue}, given once"];
            }
        }

        if (parameters.TryGetValue("follow", out var follow))
        {
            if (bool.TryParse(follow.Count == 1 ? follow[0] : "", out var goesOn))
            {
                query = query with { Follow = goesOn };
            }
            else
            {
                wrong["follow"] = ["follow is true or false, given once"];
            }
        }

        problems = wrong.Count == 0 ? null : wrong;
        return problems is null;
    }
}
