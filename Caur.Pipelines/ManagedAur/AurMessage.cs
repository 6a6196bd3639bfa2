namespace Caur.Pipelines.ManagedAur;

/// <summary>The message of a commit in the AUR, as the template's.</summary>
internal static class AurMessage
{
    public static string Of(string pkgbase, string? commitsPage, string? runPage) => commitsPage is null
        ? $"""
            chore: update {pkgbase}

            This commit was automatically generated to reflect changes to this package in another repository.

            Unfortunately, due to a misconfiguration, the URL of the source repository is not available.

            """
        : $"""
            chore: update {pkgbase}

            This commit was automatically generated to reflect changes to this package in another repository.

            The changelog for this package can be found at {commitsPage}/{pkgbase}.
            {(runPage is null ? "" : $"\nLogs of the corresponding pipeline run can be found here: {runPage}.\n")}
            """;
}
