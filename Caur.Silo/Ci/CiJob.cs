using System.CommandLine;
using System.Globalization;
using Caur.Pipelines.Forges;
using Caur.Pipelines.Git;
using Caur.Pipelines.Reading;
using Caur.Silo.Cli;
using Caur.Silo.Configuration;
using Caur.Storage.Processes;

namespace Caur.Silo.Ci;

/// <summary>The CI job that this process is a part of, as its environment tells.</summary>
internal sealed class CiJob(CliContext context)
{
    /// <summary>Forges take any name with a token; this one all of them know.</summary>
    private const string TokenUser = "oauth2";

    /// <summary>The branch whose commit the job is for; null when it is for none.</summary>
    public string? Branch =>
        context.Variable("CI_COMMIT_BRANCH")
        ?? (context.Variable("GITHUB_REF") is { } name && name.StartsWith("refs/heads/", StringComparison.Ordinal) ? name["refs/heads/".Length..] : null);

    /// <summary>GitLab's id of the pipeline, which commit statuses name; null elsewhere.</summary>
    public string? Pipeline => context.Variable("GITLAB_CI") is null ? null : context.Variable("CI_PIPELINE_ID");

    /// <summary>What is the same when the forge repeats a job; null outside of one.</summary>
    public string? RunId => Pipeline ?? context.Variable("GITHUB_RUN_ID");

    /// <summary>The web page of the pipeline; null where the forge does not tell.</summary>
    public string? Page =>
        context.Variable("CI_PIPELINE_URL")
        ?? (context.Variable("GITHUB_SERVER_URL") is { } server && context.Variable("GITHUB_REPOSITORY") is { } project && context.Variable("GITHUB_RUN_ID") is { } run
            ? $"{server.TrimEnd('/')}/{project}/actions/runs/{run}"
            : null);

    /// <summary>Opens the checkout, and says how git reaches its other side.</summary>
    /// <exception cref="SourceUnavailableException">The folder is none, or has no such remote.</exception>
    public async Task<(GitRepository Git, GitRemote Remote)> OpenAsync(
        string folder, string remote, ProcessRunner processes, CancellationToken cancellationToken)
    {
        var plain = await GitRepository.OpenAsync(folder, processes, cancellationToken);
        if (remote.StartsWith('-') || remote.Any(char.IsControl))
        {
            throw new FarmException(ExitCodes.Usage, $"--remote: '{GitText.Clean(remote)}' is no name of a remote");
        }

        if (Token() is not { } token)
        {
            return (plain, new GitRemote(remote, null));
        }

        // What stands in the checkout's address is the job's own password, which may read and no more.
        var url = await AddressAsync(plain, remote, cancellationToken);
        try
        {
            var other = GitRemote.With(url, TokenUser, token);
            return other.Credential is { } credential
                ? (await GitRepository.OpenAsync(folder, processes, cancellationToken, credential), other)
                : (plain, new GitRemote(remote, null));
        }
        catch (FormatException wrong)
        {
            throw new FarmException(ExitCodes.Usage, $"ACCESS_TOKEN: {wrong.Message}", wrong);
        }
    }

    private static async Task<string> AddressAsync(GitRepository git, string remote, CancellationToken cancellationToken)
    {
        var url = await git.RunAsync(["remote", "get-url", "--push", remote], cancellationToken);
        return url.Succeeded
            ? url.OutputText.TrimEnd('\n')
            : throw new SourceUnavailableException($"the checkout has no remote '{GitText.Clean(remote)}': {GitText.Of(url)}");
    }

    /// <summary>The environment, with the tunnel of the repository's settings where it names none itself. That tunnel ends where the farm is: a
    /// farm that is named by another address is reached without it.</summary>
    public Func<string, string?> WithTunnelOf(RepositorySettings settings, ParseResult result)
    {
        var named = result.GetValue(CommonOptions.Server) ?? context.Variable("CAUR_URL");
        if (settings.TunnelHost is not { } host || (named is not null && !CommonOptions.Address(named).IsLoopback))
        {
            return context.Variable;
        }

        return name => context.Variable(name) ?? name switch
        {
            "REDIS_SSH_HOST" => host,
            "REDIS_SSH_PORT" => settings.TunnelPort?.ToString(CultureInfo.InvariantCulture),
            "REDIS_SSH_USER" => settings.TunnelUser,
            _ => null,
        };
    }

    /// <summary>Where the checkout's other side is pushed to, and as whom: with the job's token, else with what stands in its address.</summary>
    /// <exception cref="SourceUnavailableException">There is no such remote, or nobody could push there.</exception>
    public async Task<Caur.Pipelines.Pushes.GitRemote> PushRemoteAsync(GitRepository git, string remote, CancellationToken cancellationToken)
    {
        var url = await AddressAsync(git, remote, cancellationToken);
        try
        {
            return Caur.Pipelines.Pushes.GitRemote.Of(url, Token());
        }
        catch (FormatException wrong)
        {
            throw new SourceUnavailableException(wrong.Message);
        }
    }

    /// <summary>The forge's project that the job is of, else that of the checkout's other side; null where there is none.</summary>
    public async Task<(ForgeProject? Project, string? CommitsPage)> ProjectAsync(GitRepository git, string remote, CancellationToken cancellationToken)
    {
        var url = await AddressAsync(git, remote, cancellationToken);
        var project = ForgeProject.OfJob(context.Variable) ?? ForgeProject.Of(url);
        var page = ForgePage.Of(url);
        return (project, project is null || page is null ? null : $"{page}{(project.Kind == ForgeKind.GitLab ? "/-" : "")}/commits/{Branch ?? "HEAD"}");
    }

    /// <summary>ACCESS_TOKEN; null when there is none.</summary>
    public string? Token()
    {
        if (context.Variable("ACCESS_TOKEN") is { } token)
        {
            return token.TrimEnd('\r', '\n');
        }

        if (context.Variable("ACCESS_TOKEN_FILE") is not { } path)
        {
            return null;
        }

        return SecretFile.Read(path, out var problem) ?? throw new FarmException(ExitCodes.Usage, $"ACCESS_TOKEN_FILE: {problem}");
    }
}
