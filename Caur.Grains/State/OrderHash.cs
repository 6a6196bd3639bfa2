using System.Security.Cryptography;
using System.Text.Json;
using Caur.Contracts.Repositories;
using Caur.Contracts.Sources;

namespace Caur.Grains.State;

/// <summary>What an order is of, in 32 hexadecimal digits: kept with its operation's id, so that the id is not taken for another order's.
/// Orders that wish the same have the same, in whatever order they name it.</summary>
internal static class OrderHash
{
    private const int Digits = 32;

    public static string Of(RepositoryChange change) => Of(new
    {
        Kind = change.Kind.ToString(),
        Names = change.Names.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
        change.SinglePackages,
        change.Force,
        Generation = change.Kind == RepositoryChangeKind.Rollback ? change.Generation : null,
    });

    /// <param name="source">The source repository.</param>
    /// <param name="request">What is wanted of it; who traces it does not count.</param>
    public static string Of(string source, ScheduleRequest request) => Of(new
    {
        source,
        Target = request.Target.ToString(),
        request.Commit,
        request.All,
        Packages = request.Packages.Select(package => (string?[])[package.Pkgbase, package.BuilderClass])
            .OrderBy(package => package[0], StringComparer.Ordinal).ThenBy(package => package[1], StringComparer.Ordinal),
        Priority = request.Priority.ToString(),
        request.Deptree,
        request.DeptreeWins,
    });

    private static string Of<T>(T order) => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(order)))[..Digits];
}
