using System.CommandLine;
using Caur.Silo.Cli;

namespace Caur.Silo.Ci;

/// <summary><c>caur ci</c>: the manual's pipelines, for a CI job in a source repository.</summary>
internal static class CiVerb
{
    public static Command Create(CliContext context) => new("ci", "The pipelines of a source repository, for its CI jobs.")
    {
        OnCommitVerb.Create(context),
        OnScheduleVerb.Create(context),
        ManualVerbs.Schedule(context),
        ManualVerbs.Add(context),
        ManualVerbs.Drop(context),
        ManualVerbs.Bump(context),
        PlanVerb.Create(context),
    };
}
